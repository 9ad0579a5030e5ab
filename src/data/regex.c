/* PCRE2 in Oniguruma's clothes. What differs is spelled out when an expression is compiled: \s is
 * Unicode's White_Space (PCRE2 also takes U+180E, which left it in Unicode 6.3), and categories
 * hold what the original's newer tables hold (unicode_new.h). Case folding agrees where it is used.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "data/regex.h"
#include "base/memory.h"
#include "base/str.h"
#include "data/unicode_new.h"
#include <pcre2.h>
#include <stdint.h>
#include <string.h>

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define BLANKS "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/* Why each is linear: an alternative is a run of one class, and what it can give back, all but a
 * bounded part, the next alternative takes whole (\s*[\r\n]+ before \s+; UPPER* LOWER+ before
 * UPPER+ LOWER*). */
static const char *const known[] = {
    REGEX_GPT2,
    REGEX_DIGIT,
    REGEX_WORD_CHARACTER,
    /* Llama 3, and OpenAI's cl100k */
    CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" BLANKS,
    /* Qwen 2 to 3 */
    CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" BLANKS,
    /* Qwen 3.5 */
    CONTRACTIONS
    "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*" BLANKS,
    /* Mistral's Tekken */
    "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER
    "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" BLANKS,
    /* gpt-oss and Llama 4: OpenAI's o200k */
    "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" CONTRACTIONS "?|[^\\r\\n\\p{L}\\p{N}]?" UPPER
    "+" LOWER "*" CONTRACTIONS "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" BLANKS,
    /* DeepSeek V3 and R1, one after another */
    "\\p{N}{1,3}",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
    "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*" BLANKS,
};

static const struct {
    unsigned first, last;
} white_space[] = {
    {0x9, 0xd},       {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},     {0x1680, 0x1680},
    {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

struct regex {
    pcre2_code *code;
};

struct regex_scratch {
    pcre2_match_data *match;
    pcre2_match_context *context;
};

bool is_white_space(unsigned code)
{
    for (size_t i = 0; i < COUNT_OF(white_space); i++)
        if (code <= white_space[i].last)
            return code >= white_space[i].first;
    return false;
}

/* What \s stands for, inside brackets. */
static void add_white_space(str *out)
{
    for (size_t i = 0; i < COUNT_OF(white_space); i++)
        str_addf(out, "\\x{%x}-\\x{%x}", white_space[i].first, white_space[i].last);
}

/* What \p{NAME} stands for, inside brackets. */
static void add_category(str *out, const char *name, size_t n)
{
    if (name[0] >= 'A')
        str_addf(out, "\\p{%.*s}", (int)n, name);
    for (int i = 0; i < UNICODE_N_NEW; i++)
        if (strncmp(UNICODE_NEW[i].category, name, n) == 0)
            str_addf(out, "\\x{%x}-\\x{%x}", UNICODE_NEW[i].first, UNICODE_NEW[i].last);
}

/* Spells \s, \S and \p{} out. */
static void translate(str *out, const char *pattern)
{
    bool in_brackets = false;
    while (*pattern) {
        size_t n = pattern[0] == '\\' ? 2 : 1;
        bool space = n == 2 && (pattern[1] == 's' || pattern[1] == 'S');
        bool category = n == 2 && pattern[1] == 'p';
        if (n == 1)
            in_brackets = pattern[0] == '[' || (in_brackets && pattern[0] != ']');
        if (!space && !category) {
            str_add_bytes(out, pattern, n);
            pattern += n;
            continue;
        }
        if (!in_brackets)
            str_add(out, pattern[1] == 'S' ? "[^" : "[");
        if (category) {
            size_t length = strcspn(pattern + 3, "}");
            add_category(out, pattern + 3, length);
            n += length + 2;
        } else {
            add_white_space(out);
        }
        if (!in_brackets)
            str_add_char(out, ']');
        pattern += n;
    }
}

static regex *compile(const char *pattern)
{
    int error;
    PCRE2_SIZE place;
    str text = {0};
    regex *r = mem_small(1, sizeof *r);
    translate(&text, pattern);
    r->code =
        pcre2_compile((PCRE2_SPTR)text.data, text.len, PCRE2_UTF | PCRE2_UCP, &error, &place, NULL);
    if (!r->code)
        err_die("the expression %s does not compile: PCRE2 error %d at %zu (is PCRE2 built with "
                "Unicode support?)",
                pattern, error, (size_t)place);
    str_release(&text);
    return r;
}

regex *regex_new(const char *pattern)
{
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcmp(pattern, known[i]) == 0)
            return compile(known[i]);
    return NULL;
}

void regex_free(regex *r)
{
    if (r)
        pcre2_code_free(r->code);
    mem_free(r);
}

regex_scratch *regex_scratch_new(void)
{
    regex_scratch *s = mem_small(1, sizeof *s);
    s->match = pcre2_match_data_create(1, NULL);
    s->context = pcre2_match_context_create(NULL);
    if (!s->match || !s->context)
        err_die("out of memory for matching");
    /* A run of blanks takes as many steps as it has characters; nothing takes more. */
    pcre2_set_match_limit(s->context, UINT32_MAX);
    return s;
}

void regex_scratch_free(regex_scratch *s)
{
    if (!s)
        return;
    pcre2_match_data_free(s->match);
    pcre2_match_context_free(s->context);
    mem_free(s);
}

err_code regex_find(size_t *start, size_t *end, const regex *r, regex_scratch *s, const char *text,
                    size_t n, size_t from, err *e)
{
    /* The caller checked the UTF-8 once; checking at every match would make this quadratic. */
    int found =
        pcre2_match(r->code, (PCRE2_SPTR)text, n, from, PCRE2_NO_UTF_CHECK, s->match, s->context);
    if (found == PCRE2_ERROR_NOMATCH) {
        *start = *end = n;
        return OK;
    }
    if (found < 0) {
        char reason[128] = "";
        pcre2_get_error_message(found, (PCRE2_UCHAR *)reason, sizeof reason);
        return err_set(e, E_DATA, "cannot cut the text into words at byte %zu: %s", from, reason);
    }
    *start = pcre2_get_ovector_pointer(s->match)[0];
    *end = pcre2_get_ovector_pointer(s->match)[1];
    return OK;
}

const char *regex_version(char buf[REGEX_VERSION_TEXT])
{
    int length = pcre2_config(PCRE2_CONFIG_VERSION, NULL);
    if (length <= 0 || length > REGEX_VERSION_TEXT)
        return "";
    pcre2_config(PCRE2_CONFIG_VERSION, buf);
    return buf;
}
