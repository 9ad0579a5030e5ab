/* What features say by their weights alone: which tokens a decoder row raises and lowers in the
 * logits, and which tokens' embeddings an encoder column reads. */
#ifndef EFFECTS_DIRECT_H
#define EFFECTS_DIRECT_H
#include "effects/setting.h"
#include "effects/token_ends.h"
#include "model/direction.h"

enum { LOGIT_BINS = 40 };

/* A decoder row's way to the logits past all later layers. Convention: the row, brought into the
 * residual stream where it is not there (direction.h), goes through the final norm as an input of
 * its own would, without bias and eps; then through the output matrix, whose soft-cap is left out
 * (it changes no order); then the mean over the n ranked tokens is taken off, because a softmax
 * does not see it. So values do not depend on the row's length, and those of different features
 * compare. Gur-Arieh et al. 2025 (VocabProj) take unembed(ln_final(row)); SAEDashboard leaves the
 * norm out. */
typedef struct logit_table {
    stream_reach reach; /* REACH_NOTHING: there is no table */
    bool flat;          /* nothing of the row is left behind the norm: no table either */
    int n_tokens;       /* ranked */
    token_ends ends;
    double least, most; /* ends of LOGIT_BINS bins of equal width */
    int64_t counts[LOGIT_BINS];
} logit_table;

/* The values of C rows, host_logit_Cn [C, n], row c all 0 where nothing is left of it. The
 * setting's write hook must reach the stream. Blocks of the vocabulary bound the memory. */
err_code direct_logits(double *host_logit_Cn, const effect_setting *s, const float *host_row_CO,
                       int C, err *e);
/* The table of one row of values. */
logit_table direct_table(const effect_setting *s, const double *logit_n);

/* Does the read hook hold the residual stream, which begins as the token's embedding? Elsewhere
 * the encoder does not see embeddings. */
bool direct_reads_embeddings(const effect_setting *s);
/* host_cosine_Cn [C, n]: cosine between each encoder column, a row of host_column_CD, and each
 * ranked token's embedding less the mean embedding of the ranked tokens. 0 for a zero vector. */
err_code direct_read_in(double *host_cosine_Cn, const effect_setting *s,
                        const float *host_column_CD, int C, err *e);

#endif
