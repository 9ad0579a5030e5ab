/* Words through PCRE2. The expression's classes are those of Unicode, as Hugging Face's engine
 * (Oniguruma) has them; white space is spelled out because PCRE2's \s also takes U+180E, which
 * stopped being a space in Unicode 6.3. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "data/split.h"
#include "base/memory.h"
#include <pcre2.h>

#define SPACES                                                                                     \
    "\\x{09}-\\x{0d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}"           \
    "\\x{202f}\\x{205f}\\x{3000}"

/* Radford et al. 2019 (GPT-2). Each alternative is a run that cannot give back characters, except
 * the spaces before a word, which give back one: matching is linear in the text. */
static const char GPT2_WORDS[] = "'s|'t|'re|'ve|'m|'ll|'d"
                                 "| ?\\p{L}+"
                                 "| ?\\p{N}+"
                                 "| ?[^" SPACES "\\p{L}\\p{N}]+"
                                 "|[" SPACES "]+(?![^" SPACES "])"
                                 "|[" SPACES "]+";

struct splitter {
    pcre2_code *code;
};

struct splitter_scratch {
    pcre2_match_data *match;
};

splitter *splitter_new_gpt2(void)
{
    int error;
    PCRE2_SIZE place;
    splitter *s = mem_small(1, sizeof *s);
    s->code = pcre2_compile((PCRE2_SPTR)GPT2_WORDS, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &error, &place, NULL);
    if (!s->code)
        err_die("the word expression does not compile: PCRE2 error %d at %zu (is PCRE2 built with "
                "Unicode support?)",
                error, (size_t)place);
    return s;
}

void splitter_free(splitter *s)
{
    if (s)
        pcre2_code_free(s->code);
    mem_free(s);
}

splitter_scratch *splitter_scratch_new(const splitter *s)
{
    splitter_scratch *scratch = mem_small(1, sizeof *scratch);
    if (s)
        scratch->match = pcre2_match_data_create_from_pattern(s->code, NULL);
    if (s && !scratch->match)
        err_die("out of memory for matching words");
    return scratch;
}

void splitter_scratch_free(splitter_scratch *s)
{
    if (s)
        pcre2_match_data_free(s->match);
    mem_free(s);
}

err_code splitter_word(size_t *end, const splitter *s, splitter_scratch *scratch, const char *text,
                       size_t n, size_t from, err *e)
{
    *end = n;
    if (!s)
        return OK;
    /* The caller checked the UTF-8 once; checking at every word would make this quadratic. */
    int found =
        pcre2_match(s->code, (PCRE2_SPTR)text, n, from, PCRE2_NO_UTF_CHECK, scratch->match, NULL);
    if (found < 0) {
        char reason[128] = "";
        pcre2_get_error_message(found, (PCRE2_UCHAR *)reason, sizeof reason);
        return err_set(e, E_DATA, "cannot cut the text into words at byte %zu: %s", from, reason);
    }
    *end = pcre2_get_ovector_pointer(scratch->match)[1];
    return OK;
}
