/* The small model with its token table: what measurements are tried on. */
#ifndef TESTS_INVERT_COMMON_BED_H
#define TESTS_INVERT_COMMON_BED_H
#include "features/common_rig.h"
#include "invert/optimise.h"

typedef struct bed {
    rig r;
    token_table *table;
    whitening *white; /* NULL without bed_whiten() */
    optimise_setting set;
    arena memory; /* for what lives as long */
} bed;

/* As rig_open(); bos -1: none. Owner: caller, bed_close(). */
bed *bed_open(const char *backend_name, int threads, const char *hook_name, int bos);
void bed_close(bed *b);

/* Other directions, as rig_set_directions(). */
void bed_set_directions(bed *b, const float *w_FD, const float *b_F, int F);
/* Free embeddings move in whitened coordinates from here on. */
void bed_whiten(bed *b);
/* The token table anew, after a change of the embeddings, and the whitening where there is one. */
void bed_renew_table(bed *b);
/* Only the first n candidates remain. */
void bed_keep_candidates(bed *b, int n);

/* Pre-activations of all features at the last of n tokens, run alone behind the BOS. */
void bed_last(float *pre_F, bed *b, const int32_t *tokens, int n);

#endif
