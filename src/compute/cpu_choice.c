/* The cpu backend: the best candidates of a row, the rival of one of its columns. */
#include "compute/cpu.h"
#include "compute/install.h"
#include "compute/ranking.h"
#include <stdbool.h>

/* ---- candidates ---------------------------------------------------------------------------------
 */

typedef struct rank_task {
    int32_t *ids_Nk;
    float *score_Nk;
    const float *dots_NM;
    const ranked_columns *from;
    int k, M;
} rank_task;

enum { RUN = 64 }; /* candidates scored together: mostly none is good enough for the list */

static void score_run(float score[RUN], const ranked_columns *from, int first, int n,
                      const float *dots)
{
    for (int i = 0; i < n; i++)
        score[i] = candidate_score(from, first + i, dots);
}

static bool any_better(const float score[RUN], int n, float than)
{
    int found = 0;
    for (int i = 0; i < n; i++)
        found |= score[i] > than;
    return found;
}

static void rank_row(void *context, int row)
{
    const rank_task *t = context;
    const ranked_columns *from = t->from;
    int32_t *ids = ROW(t->ids_Nk, row, t->k);
    float *best = ROW(t->score_Nk, row, t->k);
    for (int first = 0; first < from->C; first += RUN) {
        int n = from->C - first < RUN ? from->C - first : RUN, seen = from->seen + first;
        float score[RUN];
        score_run(score, from, first, n, ROW(t->dots_NM, row, t->M));
        if (seen >= t->k && !any_better(score, n, best[t->k - 1]))
            continue;
        for (int i = 0; i < n; i++)
            ranking_add(ids, best, t->k, seen + i, from->ids_C[first + i], score[i]);
    }
}

static void cpu_rank_rows(backend *be, int32_t *ids_Nk, float *score_Nk, int k,
                          const float *dots_NM, const ranked_columns *from, int N, int M)
{
    rank_task t = {ids_Nk, score_Nk, dots_NM, from, k, M};
    pool_run(be->pool, N, rank_row, &t);
}

/* ---- the rival ----------------------------------------------------------------------------------
 */

/* Does column a come after column b? Of equals the larger number does, as in top-k. */
static bool is_behind(const float *x_F, int32_t a, int32_t b)
{
    return x_F[a] < x_F[b] || (x_F[a] == x_F[b] && a > b);
}

/* Lets the first of n sink until none of its children is behind it. */
static void sink(int32_t *heap, int n, int at, const float *x_F)
{
    for (;;) {
        int child = 2 * at + 1;
        if (child >= n)
            return;
        if (child + 1 < n && is_behind(x_F, heap[child + 1], heap[child]))
            child++;
        if (!is_behind(x_F, heap[child], heap[at]))
            return;
        int32_t above = heap[at];
        heap[at] = heap[child];
        heap[child] = above;
        at = child;
    }
}

/* The k-th in a row without `own`, or -1 when there are fewer: a heap of the best k so far, the
 * last of them on top. */
static int find_rival(int32_t *heap_k, const float *x_F, int F, int k, int own)
{
    if (F - 1 < k)
        return -1;
    int n = 0, next = 0;
    for (; n < k; next++)
        if (next != own)
            heap_k[n++] = next;
    for (int at = k / 2 - 1; at >= 0; at--)
        sink(heap_k, k, at, x_F);
    for (; next < F; next++)
        if (x_F[next] > x_F[heap_k[0]] && next != own) { /* an equal one is behind */
            heap_k[0] = next;
            sink(heap_k, k, 0, x_F);
        }
    return heap_k[0];
}

/* out: own values, out2: the rivals', a: x, index: own columns; rows: k. */
static void rivals_range(const operands *o, size_t first, size_t end)
{
    int F = o->columns, k = o->rows;
    int32_t *heap_k = mem_small((size_t)k, sizeof *heap_k);
    for (size_t n = first; n < end; n++) {
        const float *x = ROW(o->a, n, F);
        int rival = find_rival(heap_k, x, F, k, o->index[n]);
        o->out_index[n] = rival;
        o->out[n] = x[o->index[n]];
        o->out2[n] = rival < 0 ? 0 : x[rival];
    }
    mem_free(heap_k);
}

static void cpu_rivals(backend *be, int32_t *rival_N, float *own_value_N, float *rival_value_N,
                       const float *x_NF, const int32_t *own_N, int k, int N, int F)
{
    operands o = {.out = own_value_N,
                  .out2 = rival_value_N,
                  .out_index = rival_N,
                  .a = x_NF,
                  .index = own_N,
                  .rows = k,
                  .columns = F};
    cpu_rows(be, rivals_range, &o, N, F);
}

void cpu_install_choice(backend *be)
{
    be->rank_rows = cpu_rank_rows;
    be->rivals = cpu_rivals;
}
