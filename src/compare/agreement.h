/* How far two runs say the same of one feature. */
#ifndef COMPARE_AGREEMENT_H
#define COMPARE_AGREEMENT_H
#include "results/record.h"

/* From 0 to 1; NaN where a run does not have what is compared. */
typedef double agreement(const record_target *a, const record_target *b);

/* Tokens in both best sequences of real tokens, in any order, over those of the longer one. */
agreement shared_tokens;
/* Words in both rules, in one order, over those of the longer one. */
agreement shared_words;
/* 1 where the rules are the same word for word, else 0. */
agreement same_rule;

#endif
