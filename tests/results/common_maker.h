/* What the parts of the synthetic record are made with. */
#ifndef TESTS_RESULTS_COMMON_MAKER_H
#define TESTS_RESULTS_COMMON_MAKER_H
#include "base/rng.h"
#include "results/record.h"

typedef struct maker {
    arena *a;
    rng random;
    bool hostile;
    int next_hostile;
} maker;

enum { N_TOPICS = 14, N_FILLERS = 20 };
extern const char *const TOPICS[N_TOPICS][6], *const FILLERS[N_FILLERS];

double maker_between(maker *m, double low, double high);
/* `usual`, or of a hostile record sometimes the next dangerous token. */
record_bytes maker_token(maker *m, const char *usual);
/* `usual`, of a hostile record with everything behind it that breaks pages. */
const char *maker_text(maker *m, const char *usual);

/* A stretch of a prompt about the topic. `strength`: 1..10 of a sampled one, 0 of a top one. */
record_context make_context(maker *m, int topic, int strength);

void make_search(record_search *s, maker *m, int topic);
/* topic 1: no measurable effect; 2: a table that does not hold; 3: no table; 4: no runs; 5: reads
 * no embeddings, nor at hook_z. */
void make_effects(record_effects *x, maker *m, int topic, int n_features,
                  const record_context *top);
record_sae_quality make_sae_quality(maker *m);
void make_search_summary(record *r, maker *m);
void make_rule(record_rule *rule, maker *m, int topic);
void make_rules_summary(record *r, maker *m);

#endif
