/* The "normalizer" and "pre_tokenizer" sections as steps. A type or option that no step does is
 * refused by name, because ignoring it would give wrong ids without a word. */
#include "base/memory.h"
#include "data/tokenizer_loader.h"
#include <string.h>

static const char NORMALIZERS[] = "null, NFC, Prepend, Replace of a string and Sequence are";
static const char PRE_TOKENIZERS[] = "ByteLevel, Split, Digits, Metaspace and Sequence are";

/* Appends a step; before the first that needs it, one that sets aside what is not UTF-8. */
static err_code add_step(loader *l, step s)
{
    step_list *steps = &l->t->steps;
    bool needs_utf8 = s.kind == STEP_NFC || s.regex, room = true;
    for (int i = 0; i < steps->n; i++)
        needs_utf8 = needs_utf8 && steps->items[i].kind != STEP_VALID;
    if (needs_utf8)
        room = steps_add(steps, &(step){.kind = STEP_VALID});
    if (room && steps_add(steps, &s))
        return OK;
    step_release(&s);
    return err_set(l->e, E_FORMAT, "%s: more than %d normalizers and pre_tokenizers", l->name,
                   (int)MAX_STEPS);
}

/* Appends a step whose pattern, content or expression may have failed to be read. */
static err_code add_read_step(loader *l, step s, err_code code)
{
    if (code) {
        step_release(&s);
        return code;
    }
    return add_step(l, s);
}

static str text_of(const char *text)
{
    str s = {0};
    str_add(&s, text);
    return s;
}

/* {"String": "..."} of a Replace or Split. */
static err_code read_string_pattern(str *out, const loader *l, const cJSON *object)
{
    const cJSON *pattern = loader_section(object, "pattern");
    return loader_string(out, l, pattern, "String", 1);
}

static err_code read_normalizer(loader *l, const cJSON *n)
{
    const char *type = loader_type(n);
    step s = {.kind = STEP_REPLACE};
    if (strcmp(type, "NFC") == 0)
        return add_step(l, (step){.kind = STEP_NFC});
    if (strcmp(type, "Prepend") == 0) {
        s.kind = STEP_PREPEND;
        return add_read_step(l, s, loader_string(&s.content, l, n, "prepend", 0));
    }
    if (strcmp(type, "Replace") != 0)
        return loader_unsupported(l, "normalizer", type, NORMALIZERS);
    if (loader_section(loader_section(n, "pattern"), "Regex"))
        return loader_unsupported(l, "normalizer", "Replace of a Regex", NORMALIZERS);
    err_code code = read_string_pattern(&s.pattern, l, n);
    if (!code)
        code = loader_string(&s.content, l, n, "content", 0);
    return add_read_step(l, s, code);
}

static err_code add_regex_cut(loader *l, const char *pattern, cut_behavior behavior, bool invert)
{
    regex *r = regex_new(pattern);
    if (!r)
        return loader_unsupported(l, "the expression of a Split,", pattern,
                                  "those of GPT-2, Llama 3, Qwen, gpt-oss, Mistral and DeepSeek "
                                  "are");
    return add_step(l,
                    (step){.kind = STEP_CUT, .regex = r, .behavior = behavior, .invert = invert});
}

static err_code read_split(loader *l, const cJSON *split)
{
    static const char *const behaviors[] = {
        [CUT_ISOLATED] = "Isolated",
        [CUT_REMOVED] = "Removed",
        [CUT_MERGED_WITH_PREVIOUS] = "MergedWithPrevious",
        [CUT_MERGED_WITH_NEXT] = "MergedWithNext",
        [CUT_CONTIGUOUS] = "Contiguous",
    };
    const char *name, *pattern;
    bool invert;
    size_t behavior = 0;
    if (json_string(&name, split, "behavior", l->name, l->e) ||
        loader_flag(&invert, l, split, "invert", false))
        return l->e->code;
    while (behavior < COUNT_OF(behaviors) && strcmp(name, behaviors[behavior]) != 0)
        behavior++;
    if (behavior == COUNT_OF(behaviors))
        return loader_unsupported(l, "Split behavior", name, "Isolated and four others are");
    if (loader_section(loader_section(split, "pattern"), "Regex")) {
        err_code code =
            json_string(&pattern, loader_section(split, "pattern"), "Regex", l->name, l->e);
        return code ? code : add_regex_cut(l, pattern, (cut_behavior)behavior, invert);
    }
    step s = {.kind = STEP_CUT, .behavior = (cut_behavior)behavior, .invert = invert};
    return add_read_step(l, s, read_string_pattern(&s.pattern, l, split));
}

static err_code read_byte_level(loader *l, const cJSON *words)
{
    bool prefix, use_regex;
    if (loader_flag(&prefix, l, words, "add_prefix_space", true) ||
        loader_flag(&use_regex, l, words, "use_regex", true))
        return l->e->code;
    l->byte_level = true;
    step s = {.kind = STEP_PREPEND, .when = PREPEND_UNLESS_THERE};
    if (prefix)
        s.content = text_of(" ");
    if (prefix && add_step(l, s))
        return l->e->code;
    return use_regex ? add_regex_cut(l, REGEX_GPT2, CUT_ISOLATED, false) : OK;
}

/* Since tokenizers 0.19 "prepend_scheme"; before it "add_prefix_space". */
static err_code read_prepend_scheme(bool *any, prepend_when *when, loader *l, const cJSON *words)
{
    bool legacy;
    const char *scheme = "always";
    if (loader_flag(&legacy, l, words, "add_prefix_space", true) ||
        (json_member(words, "prepend_scheme") &&
         json_string(&scheme, words, "prepend_scheme", l->name, l->e)))
        return l->e->code;
    bool first = strcmp(scheme, "first") == 0, never = strcmp(scheme, "never") == 0;
    if (!first && !never && strcmp(scheme, "always") != 0)
        return loader_unsupported(l, "Metaspace prepend_scheme", scheme,
                                  "always, first and never are");
    if (!legacy && !never && json_member(words, "prepend_scheme"))
        return err_set(
            l->e, E_FORMAT,
            "%s: Metaspace has add_prefix_space false and prepend_scheme \"%s\"; the two "
            "do not agree",
            l->name, scheme);
    *any = legacy && !never;
    *when = first ? PREPEND_TO_FIRST : PREPEND_UNLESS_THERE;
    return OK;
}

static err_code read_metaspace(loader *l, const cJSON *words)
{
    str mark = {0};
    uint32_t code_point;
    bool any = false, split = true;
    prepend_when when = PREPEND_UNLESS_THERE;
    err_code code = loader_string(&mark, l, words, "replacement", 1);
    if (!code &&
        (size_t)utf8_decode((const unsigned char *)mark.data, mark.len, &code_point) != mark.len)
        code = err_set(l->e, E_FORMAT, "%s: Metaspace's replacement is not one character", l->name);
    if (!code)
        code = read_prepend_scheme(&any, &when, l, words);
    if (!code)
        code = loader_flag(&split, l, words, "split", true);
    if (!code)
        code = add_step(
            l,
            (step){.kind = STEP_REPLACE, .pattern = text_of(" "), .content = text_of(mark.data)});
    if (!code && any)
        code =
            add_step(l, (step){.kind = STEP_PREPEND, .content = text_of(mark.data), .when = when});
    if (!code && split)
        code = add_step(l, (step){.kind = STEP_CUT,
                                  .pattern = text_of(mark.data),
                                  .behavior = CUT_MERGED_WITH_NEXT});
    str_release(&mark);
    return code;
}

static err_code read_pre_tokenizer(loader *l, const cJSON *words)
{
    const char *type = loader_type(words);
    if (l->byte_level)
        return loader_unsupported(l, "pre_tokenizer after ByteLevel:", type, "none is");
    if (strcmp(type, "ByteLevel") == 0)
        return read_byte_level(l, words);
    if (strcmp(type, "Split") == 0)
        return read_split(l, words);
    if (strcmp(type, "Metaspace") == 0)
        return read_metaspace(l, words);
    if (strcmp(type, "Digits") != 0)
        return loader_unsupported(l, "pre_tokenizer", type, PRE_TOKENIZERS);
    bool each;
    if (loader_flag(&each, l, words, "individual_digits", false))
        return l->e->code;
    return add_regex_cut(l, REGEX_DIGIT, each ? CUT_ISOLATED : CUT_CONTIGUOUS, false);
}

err_code loader_steps(loader *l, const cJSON *normalizer, const cJSON *pre_tokenizer)
{
    err_code code = add_step(l, (step){.kind = STEP_ADDED, .added = &l->t->raw_added});
    if (!code && normalizer)
        code = loader_sequence(l, normalizer, "normalizers", read_normalizer);
    if (!code)
        code = add_step(l, (step){.kind = STEP_ADDED, .added = &l->t->normalized_added});
    if (!code && pre_tokenizer)
        code = loader_sequence(l, pre_tokenizer, "pretokenizers", read_pre_tokenizer);
    return code;
}

err_code loader_gpt2_steps(loader *l)
{
    l->byte_level = true;
    err_code code = add_step(l, (step){.kind = STEP_ADDED, .added = &l->t->raw_added});
    if (!code)
        code = add_step(l, (step){.kind = STEP_ADDED, .added = &l->t->normalized_added});
    return code ? code : add_regex_cut(l, REGEX_GPT2, CUT_ISOLATED, false);
}
