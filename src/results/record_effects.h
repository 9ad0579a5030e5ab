/* The part of a record that says what a target does to the output and resembles, and how good the
 * SAE is on the run's data; record.h states the conventions. */
#ifndef RESULTS_RECORD_EFFECTS_H
#define RESULTS_RECORD_EFFECTS_H
#include "results/record_activity.h"
#include <stdint.h>

/* A token in one of the lists of record_effects. */
typedef struct record_effect_token {
    const char *list; /* "raises", "lowers": of the logit table; "rose", "fell": of its probability
                       * when doubled; "reads": of its embedding */
    record_bytes token;
    int id;
    double value; /* logit; mean change of probability; cosine */
} record_effect_token;

/* Whole runs with the feature's part of the hook's value changed, beside clean ones. */
typedef struct record_change {
    const char *name;                /* "removed", "doubled" */
    double factor;                   /* what the activation is multiplied by */
    double loss_active, loss_later;  /* mean change of next-token loss, nats: at active tokens, and
                                        at silent ones after the first active one */
    double kl_active, kl_later;      /* mean KL(clean || changed), nats */
    int raised_right, lowered_right; /* listed tokens ("raises", "lowers") whose mean change of log
                                        probability at active tokens has the promised sign */
    int n_raised, n_lowered;         /* of so many */
    double rank_correlation; /* Spearman, logit table with that change, over the vocabulary; turned
                                round when removed */
} record_change;

/* A relation is said of features with at least RECORD_RELATION_TOKENS active tokens, neither active
 * on more than a tenth of all. "contains": it is active on RECORD_MOSTLY of the target's tokens;
 * "inside": the target on so many of its tokens; "same": both. "apart": the decoder rows have a
 * cosine of at least RECORD_ALIKE, and the rarer one shares at most 1 - RECORD_MOSTLY of its tokens
 * with the other, as when one takes over tokens that would be the other's (absorption). */
enum { RECORD_RELATION_TOKENS = 20 };
#define RECORD_MOSTLY 0.9
#define RECORD_ALIKE 0.4

/* Another feature of the dictionary. */
typedef struct record_relative {
    const char *by; /* "decoder", "encoder", "jaccard", "correlation": which list it is in */
    int feature;
    double decoder_cosine, encoder_cosine;
    double jaccard;           /* tokens on which both are active over those on which one is */
    double correlation;       /* Pearson's, of the activations over all tokens */
    int64_t n_both, n_active; /* tokens on which both are active; on which it is */
    const char *relation;     /* "same", "contains", "inside", "apart" or "" */
} record_relative;

/* A number of the hook's value beside the target: "aligned" ones are the largest in its decoder
 * row, "correlated" ones rise and fall with its activation. */
typedef struct record_neuron {
    const char *list;   /* "aligned", "correlated" */
    int neuron;         /* its place in the value */
    double weight;      /* in the decoder row; NaN of a correlated one, as the next is */
    double share;       /* of the row's sum of sizes */
    double correlation; /* Pearson's, over all tokens; NaN of an aligned one, as the next is */
    double cosine;
} record_neuron;

/* One of the target's strongest contexts, token by token: how much more each costs to predict when
 * the target is taken out of the whole prompt, nats. */
typedef struct record_trace {
    int context;   /* index in the target's `top` */
    double *costs; /* of each of the context's tokens */
    int n_costs;
} record_trace;

/* A head and its part in a record_attention. */
typedef struct record_head {
    int head; /* as the model counts it, from 0 */
    double part;
} record_head;

/* One of the target's strongest contexts, where the SAE reads at hook_z: the product of the value
 * at the context's peak and the encoder column, split by whose values attention brought there
 * (effects/attention.h). `parts` and `elsewhere` add up to it, and so do the heads. */
typedef struct record_attention {
    int context;   /* index in the target's `top` */
    double *parts; /* of each of the context's tokens; 0 behind its peak */
    int n_parts;
    double elsewhere;   /* of the prompt's tokens before the context, all together */
    record_head *heads; /* that the SAE reads, ascending; the same in all contexts */
    int n_heads;
} record_attention;

/* What a target does to the output, reads, and resembles; an empty hook says it was not looked at.
 */
typedef struct record_effects {
    const char *hook;       /* where its contribution stands */
    const char *path;       /* from there to the residual stream, in words; "" without a table */
    const char *no_table;   /* why there is no logit table; "" when there is one */
    const char *no_read_in; /* why there are no tokens it reads */
    const char *no_runs;    /* why the output was not measured */
    int n_vocabulary;       /* tokens that are ranked */
    record_effect_token *tokens;
    int n_tokens;
    record_histogram logits;           /* of all ranked tokens */
    int n_prompts;                     /* run */
    int64_t n_active, n_active_losses; /* active tokens in them; those with a next token */
    int64_t n_later, n_later_losses;   /* silent tokens after the first active one, likewise */
    record_change *changes;
    int n_changes;
    record_trace *traces;
    int n_traces;
    record_attention *attention; /* none unless the SAE reads at hook_z */
    int n_attention;
    record_relative *relatives;
    int n_relatives;
    record_neuron *neurons;
    int n_neurons;
} record_effects;

/* How good the SAE is on this run's data; an n_tokens of 0 says it was not looked at. */
typedef struct record_sae_quality {
    int64_t n_tokens;    /* that the next three count over */
    double l0;           /* mean active features a token */
    int n_dead;          /* features never active */
    int n_dense;         /* features active on more than a tenth of the tokens */
    const char *no_runs; /* why the rest was not measured; "" when it was */
    const char *hook;    /* where the SAE's output stood in place of the value */
    int n_prompts;
    int64_t n_rows; /* tokens whose value was replaced */
    double explained_variance;
    int64_t n_losses;                              /* tokens that have a next one */
    double clean_loss, spliced_loss, ablated_loss; /* nats a token: as it is, with the SAE's output,
                                                      with zeros */
    double loss_recovered;                         /* (ablated - spliced) / (ablated - clean) */
} record_sae_quality;

#endif
