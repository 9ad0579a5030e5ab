/* The parts that text.c is made of. */
#ifndef RULES_TEXT_PARTS_H
#define RULES_TEXT_PARTS_H
#include "rules/text.h"

/* Fills flags_N of all documents from their tokens. */
void rule_text_mark(rule_text *t);
/* Fills classes_V and the affixes; `used_V` tells which tokens stand in the text. */
void rule_text_classify(rule_text *t, const bool *used_V);

#endif
