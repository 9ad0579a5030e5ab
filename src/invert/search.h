/* Real tokens that drive a feature as high as they can, and a front of fluent ones below.
 *
 * A feature has a few members, each a sequence of tokens. An iteration takes the gradient at every
 * member's tokens, makes children (one or two tokens changed where the gradient says so or where
 * the model itself expects another, tokens shifted, members crossed), scores every child exactly
 * from the edit on, and lets each member keep the best. Members that grew from data windows and
 * from nothing never mix, so that what was found without the data can be told apart.
 *
 * The published methods are settings of the same engine (search_preset): greedy coordinate gradient
 * (Zou et al. 2023), EPO (Thompson, Straznickas, Sklar 2024), random swaps. */
#ifndef INVERT_SEARCH_H
#define INVERT_SEARCH_H
#include "invert/objective.h"
#include "invert/relaxed.h"

typedef enum { START_WINDOW, START_BEAM, START_RELAXED, START_RANDOM, START_KINDS } start_kind;
typedef enum { READ_MAX, READ_LAST } search_readout; /* best of all positions; the last one */
typedef enum {
    KEEP_BEST,  /* a member takes its best child when that is better than itself */
    KEEP_ALWAYS /* its best child in any case (GCG) */
} search_acceptance;
typedef enum {
    MOVE_GRADIENT,
    MOVE_LIKELY,
    MOVE_SHIFT,
    MOVE_TWO,
    MOVE_CROSS,
    MOVE_RANDOM,
    MOVE_KINDS
} search_move;

typedef struct search_options {
    int length; /* positions after the BOS */
    search_readout readout;
    int starts[START_KINDS]; /* members by where they come from */
    /* climbing: activation alone */
    int iterations, children;                          /* children of a member an iteration */
    double share[MOVE_KINDS], front_share[MOVE_KINDS]; /* of the children, adding up to 1 */
    int top_first, top_last; /* tokens by gradient a swap is drawn from, rising geometrically */
    search_acceptance acceptance;
    double temperature; /* KEEP_BEST: a worse child is taken within this share of scale,
                           falling to 0; 0: never */
    int patience;       /* iterations without gain after which a member starts anew from
                           its lane's best, shaken; 0: never */
    /* the front: activation against cross-entropy */
    int front_iterations, front_members, front_children;
    double weight_first, weight_last; /* on cross-entropy, scale per nat, log-spaced; the first
                                         member's is 0 when `weight_zero` */
    int front_limited; /* of the members, the last: pay weight_last, but only above the job's
                          fluent_limit */
    bool weight_raw;   /* weights are in the feature's own units, as EPO's */
    bool weight_zero, gradient_of_cross_entropy, cross_entropy_of_all;
    int restart_every;                  /* front iterations; 0: never */
    double restart_first, restart_last; /* range the weight of a restart is drawn from */
    /* the end */
    int sweep_tokens;  /* a position, by gradient, that the last sweep tries; 0: no sweeps */
    int sweep_walkers; /* of each lane, at least 1 */
    int sweep_kicks;   /* times that they begin again near the lane's best */
    relaxed_options relaxed;
    int batch_features;    /* features searched at once at most */
    double seconds, flops; /* budget of the whole call; 0: none. Time makes results depend on the
                              machine. */
} search_options;

/* "standard", "warm", "thorough"; "gcg", "epo", "random"; false for another name. */
bool search_preset(search_options *o, const char *name, int length);

/* A sequence of real tokens, measured. */
typedef struct search_point {
    int32_t *tokens; /* without the BOS; up to the position that is read, what follows has no
                        effect; NULL when there is none */
    int length;
    float value, z, activation; /* at the last of them */
    double cross_entropy;       /* of the model itself, nats a token; NaN when not measured */
    start_kind start;
    int restart; /* which of that kind */
} search_point;

typedef struct search_restart {
    start_kind start;
    float first_value;     /* of the start */
    double first_gradient; /* its norm; 0: a dead start */
    search_point best;
    int n_restarted; /* how often it was shaken */
} search_restart;

typedef struct search_curve_point {
    int iteration;
    float cold, warm; /* best values so far; NaN: no such member */
} search_curve_point;

/* One feature. In: the first block. Out, from the arena: the rest. */
typedef struct search_job {
    int feature;
    double scale;              /* > 0: the data's maximum */
    const int32_t *windows_WL; /* data windows that end at strong activations, `length` tokens
                                  each, strongest first; borrowed */
    int n_windows;
    const int32_t *single_S; /* candidates for beams: best single tokens first; borrowed */
    int n_singles;
    double fluent_limit; /* nats a token: at most this is like the data */

    search_point cold, warm, fluent, window,
        single;          /* best found without data; with; within the
          limit; the best window and the best single token as they are */
    search_point *front; /* none dominated; rising cross-entropy */
    int n_front;
    double hypervolume; /* of (z / scale, cross-entropy) against (0, 9 nats) */
    search_restart *restarts;
    int n_restarts;
    search_curve_point *curve;
    int n_curve;
    float relaxed;  /* best mixture value of the relaxed starts; NaN: none */
    bool certified; /* no single swap among sweep_tokens a position improves the best */
    int n_sweeps;
    int64_t n_forwards; /* sequences run, those from an edit on counted as a part */
    double flops;
} search_job;

/* Searches n features; the result of one does not depend on the others in the call, nor on the
 * number of threads. seed: of every random choice. E_CANCELLED on Ctrl-C leaves in the setting's
 * draft all that it takes to go on, to the same bytes as if it had never been stopped; E_FORMAT
 * when the draft is not one of such jobs. */
err_code search_features(search_job *jobs, int n, const optimise_setting *setting,
                         const search_options *o, uint64_t seed, arena *a, err *e);

/* About what search_features() will cost, floating-point operations a feature. */
double search_flops(const optimise_setting *setting, const search_options *o);

#endif
