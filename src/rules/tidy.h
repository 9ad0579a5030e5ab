/* The same rule, said in the shortest way and in one order. */
#ifndef RULES_TIDY_H
#define RULES_TIDY_H
#include "rules/rule.h"

/* Takes a predicate out, and its clause when that was its only one. */
void rule_drop_predicate(rule *r, int clause, int predicate);
/* Joins sets of tokens at one place, within clauses and across them, and puts predicates in order.
 * Where the rule holds does not change. New sets are in the arena. */
void rule_tidy(rule *r, arena *a);

#endif
