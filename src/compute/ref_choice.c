/* The reference backend: the best candidates of a row, the rival of one of its columns. */
#include "base/memory.h"
#include "compute/install.h"
#include "compute/ranking.h"

static void ref_rank_rows(backend *be, int32_t *ids_Nk, float *score_Nk, int k,
                          const float *dots_NM, const ranked_columns *from, int N, int M)
{
    (void)be;
    for (int n = 0; n < N; n++)
        for (int c = 0; c < from->C; c++)
            ranking_add(ROW(ids_Nk, n, k), ROW(score_Nk, n, k), k, from->seen + c, from->ids_C[c],
                        candidate_score(from, c, ROW(dots_NM, n, M)));
}

/* How many of the F values, `own` left out, come before value i. */
static int rank_without(const float *x_F, int i, int own, int F)
{
    int rank = 0;
    for (int j = 0; j < F; j++)
        rank += j != own && (x_F[j] > x_F[i] || (x_F[j] == x_F[i] && j < i));
    return rank;
}

static void ref_rivals(backend *be, int32_t *rival_N, float *own_value_N, float *rival_value_N,
                       const float *x_NF, const int32_t *own_N, int k, int N, int F)
{
    (void)be;
    for (int n = 0; n < N; n++) {
        const float *x = ROW(x_NF, n, F);
        rival_N[n] = -1;
        for (int i = 0; i < F; i++)
            if (i != own_N[n] && rank_without(x, i, own_N[n], F) == k - 1)
                rival_N[n] = i;
        own_value_N[n] = x[own_N[n]];
        rival_value_N[n] = rival_N[n] < 0 ? 0 : x[rival_N[n]];
    }
}

void ref_install_choice(backend *be)
{
    be->rank_rows = ref_rank_rows;
    be->rivals = ref_rivals;
}
