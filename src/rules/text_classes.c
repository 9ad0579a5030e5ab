/* Classes of tokens by their bytes, and the prefixes and suffixes that many words of the text
 * share. */
#include "base/memory.h"
#include "rules/text_parts.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    LONGEST_AFFIX = 4,
    AFFIX_CODES = 27 * 27 * 27 * 27, /* letters as digits 1 to 26 */
    LEAST_REST = 2,                  /* letters that must remain of the word */
    LEAST_TOKENS = 8,                /* of the text with an affix */
    MOST_PREFIXES = 15,
    MOST_SUFFIXES = RULE_MOST_CLASSES - RULE_FIRST_AFFIX - MOST_PREFIXES
};

#define BIT(c) ((uint64_t)1 << (c))

typedef struct letters {
    int n_upper, n_lower, n_digits, n_high, n_lines, n_blanks, n_other;
} letters;

static letters count_letters(const unsigned char *bytes, size_t n)
{
    letters l = {0};
    for (size_t i = 0; i < n; i++) {
        unsigned char c = bytes[i];
        l.n_upper += c <= 127 && isupper(c);
        l.n_lower += c <= 127 && islower(c);
        l.n_digits += c <= 127 && isdigit(c);
        l.n_high += c > 127;
        l.n_lines += c == '\n' || c == '\r';
        l.n_blanks += c == ' ' || c == '\t';
        l.n_other += c > ' ' && c < 127 && !isalnum(c);
    }
    return l;
}

static uint64_t shape(const unsigned char *bytes, size_t n)
{
    letters l = count_letters(bytes, n);
    size_t skip = n && bytes[0] == ' ';
    bool wordly = n > skip && (bytes[skip] > 127 || isalnum(bytes[skip]));
    int words = l.n_upper + l.n_lower + l.n_digits + l.n_high;
    uint64_t bits = 0;
    if (skip && wordly)
        bits |= BIT(RULE_WORD_INITIAL);
    if (!skip && wordly && !isdigit(bytes[0]))
        bits |= BIT(RULE_WORD_PIECE);
    if (n > skip && isupper(bytes[skip]) && bytes[skip] <= 127 && l.n_upper == 1)
        bits |= BIT(RULE_CAPITALISED);
    if (l.n_upper > 1 && !l.n_lower && !l.n_digits && !l.n_high)
        bits |= BIT(RULE_ALL_CAPITALS);
    if (l.n_digits && l.n_digits == words && !l.n_other)
        bits |= BIT(RULE_DIGITS);
    if (l.n_other && !words)
        bits |= BIT(RULE_PUNCTUATION);
    if (l.n_lines)
        bits |= BIT(RULE_NEWLINE);
    if (l.n_blanks && (size_t)l.n_blanks == n)
        bits |= BIT(RULE_BLANK);
    if (l.n_high)
        bits |= BIT(RULE_NOT_ASCII);
    return bits;
}

/* The letters of a token that is a word: a blank before it and a first capital apart, all of a to
 * z. 0 when it is none. */
static size_t word_of(char *word, size_t room, const char *bytes, size_t n)
{
    size_t skip = n && bytes[0] == ' ';
    if (n - skip > room)
        return 0;
    for (size_t i = skip; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        bool letter = (c >= 'a' && c <= 'z') || (i == skip && c >= 'A' && c <= 'Z');
        if (!letter)
            return 0;
        word[i - skip] = (char)tolower(c);
    }
    return n - skip;
}

static int affix_code(const char *letters_of, int n)
{
    int code = 0;
    for (int i = 0; i < n; i++)
        code = 27 * code + (letters_of[i] - 'a' + 1);
    return code;
}

static bool has_affix(const char *word, size_t n, const rule_affix *a)
{
    size_t length = strlen(a->text);
    return n >= length + LEAST_REST &&
           !memcmp(a->prefix ? word : word + n - length, a->text, length);
}

static int by_falling_weight(const void *a, const void *b)
{
    const rule_affix *x = a, *y = b;
    /* Long affixes say more than the short ones within them. */
    long weight_x = (long)x->n_tokens * (long)strlen(x->text);
    long weight_y = (long)y->n_tokens * (long)strlen(y->text);
    if (weight_x != weight_y)
        return weight_x < weight_y ? 1 : -1;
    return strcmp(x->text, y->text);
}

/* Whether one is the end (or beginning) of the other, with nearly the same tokens. */
static bool says_the_same(const rule_affix *a, const rule_affix *b)
{
    const rule_affix *longer = strlen(a->text) > strlen(b->text) ? a : b;
    const rule_affix *shorter = longer == a ? b : a;
    size_t n = strlen(longer->text), m = strlen(shorter->text);
    return !memcmp(longer->prefix ? longer->text : longer->text + n - m, shorter->text, m) &&
           10 * longer->n_tokens >= 8 * shorter->n_tokens;
}

static void decode_affix(rule_affix *a, int code)
{
    int length = 0;
    for (int rest = code; rest; rest /= 27)
        length++;
    for (int i = length - 1; i >= 0; i--, code /= 27)
        a->text[i] = (char)('a' + code % 27 - 1);
}

static void keep_affixes(rule_text *t, const int *counts, bool prefix, int most)
{
    int n = 0, kept = 0, first = t->n_affixes;
    for (int code = 1; code < AFFIX_CODES; code++)
        n += counts[code] >= LEAST_TOKENS;
    rule_affix *found = mem_small((size_t)n + 1, sizeof *found);
    n = 0;
    for (int code = 1; code < AFFIX_CODES; code++)
        if (counts[code] >= LEAST_TOKENS) {
            found[n] = (rule_affix){.prefix = prefix, .n_tokens = counts[code]};
            decode_affix(&found[n++], code);
        }
    qsort(found, (size_t)n, sizeof *found, by_falling_weight);
    for (int i = 0; i < n && kept < most; i++) {
        bool repeated = false;
        for (int k = first; k < first + kept && !repeated; k++)
            repeated = says_the_same(&found[i], &t->affixes[k]);
        if (!repeated)
            t->affixes[first + kept++] = found[i];
    }
    t->n_affixes += kept;
    mem_free(found);
}

static void find_affixes(rule_text *t, const bool *used_V)
{
    int *prefixes = mem_small(AFFIX_CODES, sizeof *prefixes);
    int *suffixes = mem_small(AFFIX_CODES, sizeof *suffixes);
    for (int v = 0; v < t->V; v++) {
        const char *bytes;
        size_t n;
        char word[64];
        if (!used_V[v] || !tokenizer_bytes(t->tokenizer, v, &bytes, &n))
            continue;
        int length = (int)word_of(word, sizeof word, bytes, n);
        for (int k = 1; k <= LONGEST_AFFIX && k + LEAST_REST <= length; k++) {
            suffixes[affix_code(word + length - k, k)]++;
            if (k > 1) /* one letter is no prefix */
                prefixes[affix_code(word, k)]++;
        }
    }
    keep_affixes(t, suffixes, false, MOST_SUFFIXES);
    keep_affixes(t, prefixes, true, MOST_PREFIXES);
    mem_free(prefixes);
    mem_free(suffixes);
}

void rule_text_classify(rule_text *t, const bool *used_V)
{
    find_affixes(t, used_V);
    for (int v = 0; v < t->V; v++) {
        const char *bytes;
        size_t n;
        char word[64];
        if (!tokenizer_bytes(t->tokenizer, v, &bytes, &n))
            continue;
        uint64_t bits = shape((const unsigned char *)bytes, n);
        size_t length = word_of(word, sizeof word, bytes, n);
        for (int i = 0; i < t->n_affixes; i++)
            if (has_affix(word, length, &t->affixes[i]))
                bits |= BIT(RULE_FIRST_AFFIX + i);
        t->classes_V[v] = bits;
    }
}
