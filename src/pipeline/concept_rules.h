/* Rules of the features that find the built-in world's concepts, and whether they name them. */
#ifndef PIPELINE_CONCEPT_RULES_H
#define PIPELINE_CONCEPT_RULES_H
#include "pipeline/study.h"
#include "train/token_concepts.h"

/* Explains the best feature of each known concept; nothing where no concept is known. After the
 * text of the rules is there; fills s->rules.concepts. */
err_code explain_concepts(study *s, err *e);

/* Which tokens carry which concept, for rule_names_concept(). Owner: caller,
 * token_concepts_release(). */
err_code concept_words(token_concepts *out, const study *s, err *e);

/* Whether at least half of the tokens at the position itself that the rule's strongest clause asks
 * for are words of the concept: whether its sentence names it. */
bool rule_names_concept(const rule *r, const token_concepts *words, int concept);

#endif
