/* The parts that text.c is made of. */
#ifndef RULES_TEXT_PARTS_H
#define RULES_TEXT_PARTS_H
#include "rules/text.h"

/* Fills flags_N of all documents from their tokens. */
void rule_text_mark(rule_text *t);
/* Fills classes_V and the affixes; `used_V` tells which tokens stand in the text. */
void rule_text_classify(rule_text *t, const bool *used_V);

/* Once both are filled: keeps the bits of the fit part. */
err_code rule_text_keep_bits(rule_text *t, err *e);
/* The positions of a part with a token of the class `distance` (0 or 1) back; with the flag. `bits`
 * is zeroed before. */
void rule_text_class_bits(uint64_t *bits, const rule_text *t, rule_part part, int class_bit,
                          int distance);
void rule_text_flag_bits(uint64_t *bits, const rule_text *t, rule_part part, int flag);

#endif
