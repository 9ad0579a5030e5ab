/* A tokenizer of whole words, documents by token, planted features. */
#include "test.h"

#include "base/rng.h"
#include "rules/common.h"
#include <stdio.h>
#include <string.h>

/* A byte as the character that stands for it in byte-level vocabularies (GPT-2's bytes_to_unicode):
 * itself where it is printable Latin-1, else 256 and on. */
static uint32_t byte_character(unsigned char byte)
{
    uint32_t next = 256;
    for (uint32_t b = 0; b < 256; b++) {
        bool shown = (b >= '!' && b <= '~') || (b >= 0xA1 && b != 0xAD);
        if (b == byte)
            return shown ? b : next;
        next += !shown;
    }
    return 0;
}

static void add_word(str *json, const char *word, int id)
{
    str_add(json, ",\"");
    for (; *word; word++) {
        uint32_t code = byte_character((unsigned char)*word);
        str_addf(json, "\\u%04x", code);
    }
    str_addf(json, "\":%d", id);
}

tokenizer *words_tokenizer(const char *const *words, int n)
{
    str json = {0};
    str_add(&json,
            "{\"added_tokens\":[{\"id\":0,\"content\":\"<|endoftext|>\",\"single_word\":false,"
            "\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}],"
            "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
            "\"trim_offsets\":true,\"use_regex\":true},\"decoder\":{\"type\":\"ByteLevel\"},"
            "\"model\":{\"type\":\"BPE\",\"merges\":[],\"vocab\":{\"<|endoftext|>\":0");
    for (int i = 0; i < n; i++)
        add_word(&json, words[i], i + 1);
    str_add(&json, "}}}");
    tokenizer *t;
    err e = {0};
    if (tokenizer_parse(&t, json.data, json.len, "words", &e))
        fail_msg("%s", e.text);
    str_release(&json);
    return t;
}

void text_rig_open(text_rig *r, const char *const *words, int n)
{
    *r = (text_rig){.tokenizer = words_tokenizer(words, n)};
    r->prompts = (prompt_set){.bos = 0, .min_tokens = 0, .max_tokens = 1000};
    r->prompts.first = mem_small(1, sizeof *r->prompts.first);
}

void text_rig_add(text_rig *r, const int32_t *tokens, int n)
{
    prompt_set *p = &r->prompts;
    size_t at = p->first[p->n];
    p->tokens = mem_grow(p->tokens, at + (size_t)n + 1, sizeof *p->tokens);
    p->first = mem_grow(p->first, (size_t)p->n + 2, sizeof *p->first);
    p->tokens[at] = 0;
    if (n)
        memcpy(p->tokens + at + 1, tokens, (size_t)n * sizeof *tokens);
    p->first[++p->n] = at + (size_t)n + 1;
}

void text_rig_split(text_rig *r, uint64_t seed)
{
    rule_text_options o = rule_text_defaults(seed);
    err e = {0};
    if (rule_text_make(&r->text, &r->prompts, r->tokenizer, &o, &e))
        fail_msg("%s", e.text);
}

void text_rig_close(text_rig *r)
{
    rule_text_release(&r->text);
    prompts_release(&r->prompts);
    tokenizer_free(r->tokenizer);
}

/* ---- a larger text -----------------------------------------------------------------------------
 */

static int32_t draw_token(rng *r)
{
    double u = rng_uniform(r);
    if (u < 0.30)
        return 1 + (int32_t)rng_below(r, WORLD_FIRST_COMMON - 1);
    /* Rare and frequent ones: the square of a uniform number. */
    double v = rng_uniform(r);
    return WORLD_FIRST_COMMON + (int32_t)(v * v * WORLD_COMMON);
}

void world_rig_open(text_rig *r)
{
    enum { DOCUMENTS = 300, LENGTH = 100 };
    const char *words[WORLD_SIZE - 1] = {" said", " asked",   "\"", " new", " old",
                                         " York", " harbour", ".",  "\n",   " the"};
    char common[WORLD_COMMON][8];
    for (int i = 0; i < WORLD_COMMON; i++) {
        snprintf(common[i], sizeof common[i], " %c%c%s", 'a' + i / 26, 'a' + i % 26,
                 i % 5 == 2 ? "ing" : "o");
        words[WORLD_FIRST_COMMON - 1 + i] = common[i];
    }
    text_rig_open(r, words, WORLD_SIZE - 1);
    rng stream = rng_stream(7, "rules world");
    for (int d = 0; d < DOCUMENTS; d++) {
        int32_t tokens[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            tokens[i] = draw_token(&stream);
            /* Only every sixth document is about the harbour. */
            if (tokens[i] == WORLD_HARBOUR && d % 6)
                tokens[i] = WORLD_FIRST_COMMON;
        }
        text_rig_add(r, tokens, LENGTH);
    }
    text_rig_split(r, 1);
}

activations plant(const text_rig *r, planted *holds_at, double missed, double false_rate,
                  uint64_t seed)
{
    activations a = {.items = mem_small(r->prompts.first[r->prompts.n], sizeof *a.items)};
    rng stream = rng_stream(seed, "planted");
    for (int p = 0; p < r->prompts.n; p++) {
        const int32_t *tokens = prompts_tokens(&r->prompts, p) + 1;
        for (int i = 0; i + 1 < prompts_length(&r->prompts, p); i++) {
            double u = rng_uniform(&stream), size = rng_uniform(&stream);
            bool holds = holds_at(tokens, i);
            if (holds ? u < missed : u >= false_rate)
                continue;
            a.items[a.n++] = (token_activation){
                .prompt = p, .position = i + 1, .value = (float)(holds ? 1 + size : 0.3 * size)};
        }
    }
    return a;
}

void assert_says(const rule_explanation *e, const char *want)
{
    str text = {0};
    rule_wording_text(&text, &e->sentence);
    if (!strstr(str_text(&text), want))
        fail_msg("'%s' is not in '%s'", want, str_text(&text));
    str_release(&text);
}
