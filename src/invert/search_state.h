/* One feature's search under way, and the steps that all phases share. Private to the search. */
#ifndef INVERT_SEARCH_STATE_H
#define INVERT_SEARCH_STATE_H
#include "base/rng.h"
#include "invert/front.h"

/* Points that a curve has room for. */
int search_curve_room(const search_options *o);

/* What a member grew from: nothing but the model, or a data window. */
typedef enum { LANE_COLD, LANE_WARM, LANES } search_lane;

static inline search_lane lane_of(start_kind start)
{
    return start == START_WINDOW ? LANE_WARM : LANE_COLD;
}

/* Members that climb. */
static inline int restarts_of(const search_options *o)
{
    int n = 0;
    for (int k = 0; k < START_KINDS; k++)
        n += o->starts[k];
    return n;
}

typedef enum { PHASE_CLIMB, PHASE_FRONT, PHASE_SWEEP, PHASE_DONE } search_phase;

/* A swap that improves on its parent. */
typedef struct sweep_swap {
    int position;
    int32_t token;
    float value;
} sweep_swap;

/* How far a walker's sweep is. */
typedef struct sweep {
    int tokens;   /* a position */
    bool settled; /* it brought nothing */
    sweep_swap *swaps;
    int n_swaps; /* to be tried together when more than one */
} sweep;

/* What a member of the front pays for cross-entropy. */
typedef struct toll {
    double weight; /* units of value per nat, */
    double from;   /* beyond this many nats a token */
} toll;

typedef struct member {
    candidate at;
    bool fresh;      /* its tokens changed since the lists below were made */
    int32_t *top_LK; /* candidates at each position, by gradient, best first */
    float *log_p_LK; /* of them, by the model */
    float *loss_L;   /* nats of its own tokens */
    toll toll;
    sweep sweep;
    candidate best;    /* of this restart; its tokens are its own */
    float first_value; /* of the start */
    double first_gradient;
    int stalled, n_restarted;
} member;

/* Hashes of sequences that were tried. */
typedef struct seen_set {
    uint64_t *slots; /* 0: empty */
    size_t capacity, n;
} seen_set;

typedef struct search_state {
    search_job *job;
    const search_options *o;
    const optimise_setting *set;
    int which; /* in the scorer's list */
    rng random;
    arena memory;
    search_phase phase;
    int iteration; /* of the phase */
    member *members;
    int n_members, most_members, K; /* K: tokens in top_LK */
    candidate *children;
    int n_children, most_children;
    seen_set seen[LANES];
    front front;
    candidate lane_best[LANES]; /* position < 0: none yet */
    int kicks_left;
    bool certifying;  /* the sweep of all tokens has begun */
    bool starting;    /* the first gradient is still to come */
    int first_parent; /* of its members in the scorer's parents */
    int curve_every;
} search_state;

/* What one feature needs at most: members, children of all of them, tokens in a list. */
typedef struct state_size {
    int members, children, K;
} state_size;
state_size state_size_of(const search_options *o, const token_table *t);

/* Room for everything; no member yet. `which` counts in the scorer's list. */
void state_open(search_state *s, search_job *job, const optimise_setting *set,
                const search_options *o, uint64_t seed, int which);
void state_close(search_state *s);
/* A member with these tokens, not yet measured. */
member *state_add(search_state *s, const int32_t *tokens_L, start_kind start, int restart);

/* Is this exact sequence new? Remembers it. */
bool seen_add(seen_set *set, const int32_t *tokens, int n);

/* Copies everything but keeps to's own token array. */
void candidate_copy(candidate *to, const candidate *from, int length);
/* Takes the token at `out` away and puts one in at `in`; what lies between moves by one. */
void candidate_shift(candidate *c, int out, int in, int32_t token);
/* Do the tokens up to the position that is read come back when their text is tokenised? Always true
 * without a tokenizer. */
bool candidate_respells(const search_state *s, const candidate *c);
/* Takes c as its lane's best, and its member's, when it is better and can be written as text. */
void state_offer(search_state *s, const candidate *c);
/* Puts a measured c on the front where that wants it and it can be written as text. */
void state_offer_to_front(search_state *s, const candidate *c);

/* The next child, a copy of member i's tokens to be changed; NULL when there is no more room. */
candidate *child_begin(search_state *s, int i);
/* Keeps it if it differs from its parent and, with new_only, was not tried before in its lane. */
bool child_end(search_state *s, candidate *c, bool new_only);

/* ---- search_start.c ---- */

/* Members from windows, beams, relaxed readings and chance, as o->starts says; the job's window and
 * single token are measured, memory from `a`. */
err_code state_start(search_state *s, scorer *sc, const relaxed_job *relaxed, arena *a, err *e);

/* ---- search_move.c ---- */

/* Children of every member by the shares of `o`; `front`: of the front phase. */
void state_propose(search_state *s, int per_member);

enum {
    SWEEP_NARROW = 8, /* tokens a position of a walker's sweep */
    SWEEP_SHIFTS = 2  /* other children a position */
};

/* ---- the phases: what to do with children that have been measured ---- */

void climb_accept(search_state *s);
/* Members of the front phase out of what climbing found, their cross-entropy measured. */
err_code front_enter(search_state *s, scorer *sc, err *e);
/* Appends the children whose cross-entropy is wanted. */
int front_wanted(search_state *s, candidate **list);
void front_accept(search_state *s);
/* Members become walkers from the best ends of each lane. */
void sweep_enter(search_state *s);
void sweep_propose(search_state *s);
/* No member is left when nothing improves any more. */
void sweep_accept(search_state *s);

/* ---- search_result.c: into the job, memory from `a` ---- */

/* A copy up to the position that is read; without tokens for NULL and for what was never measured.
 */
search_point result_point(const candidate *c, arena *a);

/* What became of the first n members, which climbed. */
void result_keep_restarts(search_state *s, int n, arena *a);
/* Everything else, when the search is done; measures the references first. */
err_code result_keep(search_state *s, scorer *sc, arena *a, err *e);

#endif
