/* Classes and marks as bits: those of the fit part, which every search asks for again and again,
 * are kept. */
#include "base/memory.h"
#include "rules/bits.h"
#include "rules/text_parts.h"
#include <string.h>

enum {
    DISTANCES = 2, /* at the position, one before */
    FLAGS = 4,
    ROWS = RULE_MOST_CLASSES * DISTANCES + FLAGS
};

static void scan_class(uint64_t *bits, const rule_text *t, rule_part part, int class_bit,
                       int distance)
{
    for (int d = t->first_document[part]; d < t->first_document[part + 1]; d++) {
        const rule_document *document = &t->documents[d];
        for (int i = distance; i < document->n; i++) {
            size_t at = document->first + (size_t)i;
            uint64_t classes = t->classes_V[t->token_N[at - (size_t)distance]];
            if (classes >> class_bit & 1)
                bits_set(bits, at - t->first[part]);
        }
    }
}

static void scan_flag(uint64_t *bits, const rule_text *t, rule_part part, int flag)
{
    const uint8_t *flags = t->flags_N + t->first[part];
    size_t n = rule_part_size(t, part);
    for (size_t i = 0; i < n; i++)
        bits[i / 64] |= (uint64_t)((flags[i] & flag) != 0) << i % 64;
}

static size_t words_of(const rule_text *t, rule_part part)
{
    return (rule_part_size(t, part) + 63) / 64;
}

static int flag_row(int flag)
{
    return RULE_MOST_CLASSES * DISTANCES + __builtin_ctz((unsigned)flag);
}

void rule_text_class_bits(uint64_t *bits, const rule_text *t, rule_part part, int class_bit,
                          int distance)
{
    size_t words = words_of(t, part);
    if (part == RULE_FIT)
        memcpy(bits, ROW(t->fit_bits, class_bit * DISTANCES + distance, words),
               words * sizeof *bits);
    else
        scan_class(bits, t, part, class_bit, distance);
}

void rule_text_flag_bits(uint64_t *bits, const rule_text *t, rule_part part, int flag)
{
    size_t words = words_of(t, part);
    if (part == RULE_FIT)
        memcpy(bits, ROW(t->fit_bits, flag_row(flag), words), words * sizeof *bits);
    else
        scan_flag(bits, t, part, flag);
}

err_code rule_text_keep_bits(rule_text *t, err *e)
{
    size_t words = words_of(t, RULE_FIT);
    t->fit_bits = mem_array(ROWS * words, sizeof *t->fit_bits, "bits of the rules' text", e);
    if (!t->fit_bits)
        return e->code;
    for (int c = 0; c < RULE_FIRST_AFFIX + t->n_affixes; c++)
        for (int d = 0; d < DISTANCES; d++)
            scan_class(ROW(t->fit_bits, c * DISTANCES + d, words), t, RULE_FIT, c, d);
    for (int flag = RULE_AFTER_NEWLINE; flag <= RULE_IN_BRACKETS; flag *= 2)
        scan_flag(ROW(t->fit_bits, flag_row(flag), words), t, RULE_FIT, flag);
    return OK;
}
