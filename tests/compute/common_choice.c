/* The best candidates of rows, offered in blocks, and the rivals of columns: the same as the
 * reference's, ties and all. */
#include "base/memory.h"
#include "base/rng.h"
#include "common.h"
#include "common_operations.h"
#include "test.h"
#include <math.h>
#include <string.h>

/* Rounded to halves, so that ties are common; -0 among them. */
static float *coarse_array(size_t n, const char *stream)
{
    float *x = random_array(n, 1, stream);
    for (size_t i = 0; i < n; i++)
        x[i] = roundf(2 * x[i]) / 2;
    return x;
}

static void check_numbers(const char *what, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (got[i] != want[i])
            fail_msg("%s: number %zu of %zu is %.9g, should be %.9g", what, i, n, (double)got[i],
                     (double)want[i]);
}

/* ---- candidates ---------------------------------------------------------------------------------
 */

/* Every third id is no candidate. */
typedef struct vocabulary {
    int V, C;
    int32_t *ids_C;
    double *factor_C, *offset_C;
} vocabulary;

static vocabulary vocabulary_make(int V)
{
    vocabulary v = {.V = V};
    v.ids_C = mem_small((size_t)V, sizeof *v.ids_C);
    v.factor_C = mem_small((size_t)V, sizeof *v.factor_C);
    v.offset_C = mem_small((size_t)V, sizeof *v.offset_C);
    for (int id = 0; id < V; id++) {
        if (id % 3 == 1)
            continue;
        v.factor_C[v.C] = id % 5 ? 1 : 0.5;
        v.offset_C[v.C] = id % 4 ? 0 : -0.25;
        v.ids_C[v.C++] = id;
    }
    return v;
}

typedef struct ranks {
    int32_t *ids_Nk;
    float *score_Nk;
} ranks;

/* N rows against the vocabulary, `step` of its ids at a time. */
static ranks rank(backend *be, const vocabulary *v, const float *dots_NV, int N, int k, int step,
                  bool offset)
{
    size_t cells = (size_t)N * (size_t)k;
    float *part_NM = mem_small((size_t)N * (size_t)step, sizeof *part_NM);
    int32_t *none = mem_small(cells, sizeof *none);
    int32_t *ids = to_backend(be, none, cells * sizeof *none);
    float *score = to_backend(be, none, cells * sizeof *score);
    int32_t *ids_C = to_backend(be, v->ids_C, (size_t)v->C * sizeof *ids_C);
    double *factor_C = to_backend(be, v->factor_C, (size_t)v->C * sizeof *factor_C);
    double *offset_C = to_backend(be, v->offset_C, (size_t)v->C * sizeof *offset_C);
    for (int first = 0, seen = 0; first < v->V; first += step) {
        int M = v->V - first < step ? v->V - first : step, end = seen;
        for (int n = 0; n < N; n++)
            memcpy(ROW(part_NM, n, M), ROW(dots_NV, n, v->V) + first, (size_t)M * sizeof(float));
        while (end < v->C && v->ids_C[end] < first + M)
            end++;
        float *dots = to_backend(be, part_NM, (size_t)N * (size_t)M * sizeof *dots);
        ranked_columns from = {.ids_C = ids_C + seen,
                               .factor_C = offset ? NULL : factor_C + seen,
                               .offset_C = offset ? offset_C + seen : NULL,
                               .scale = 0.5,
                               .C = end - seen,
                               .first_id = first,
                               .seen = seen};
        be->rank_rows(be, ids, score, k, dots, &from, N, M);
        be->free(be, dots);
        seen = end;
    }
    ranks got = {(int32_t *)from_backend(be, (float *)ids, cells), from_backend(be, score, cells)};
    void *there[] = {ids, score, ids_C, factor_C, offset_C};
    for (size_t i = 0; i < COUNT_OF(there); i++)
        be->free(be, there[i]);
    mem_free(none);
    mem_free(part_NM);
    return got;
}

static void check_ranks(const contenders *all, int N, int V, int k, int step, bool offset)
{
    vocabulary v = vocabulary_make(V);
    size_t cells = (size_t)N * (size_t)k;
    float *dots_NV = coarse_array((size_t)N * (size_t)V, "dots");
    dots_NV[0] = -INFINITY;
    dots_NV[V - 1] = INFINITY;
    ranks want = rank(all->be[0], &v, dots_NV, N, k, V, offset);
    for (int b = 0; b < all->n; b++) {
        ranks got = rank(all->be[b], &v, dots_NV, N, k, step, offset);
        check_numbers("a score", got.score_Nk, want.score_Nk, cells);
        assert_memory_equal(got.ids_Nk, want.ids_Nk, cells * sizeof *got.ids_Nk);
        mem_free(got.ids_Nk);
        mem_free(got.score_Nk);
    }
    void *here[] = {want.ids_Nk, want.score_Nk, dots_NV, v.ids_C, v.factor_C, v.offset_C};
    for (size_t i = 0; i < COUNT_OF(here); i++)
        mem_free(here[i]);
}

void check_choice(const contenders *all)
{
    static const struct {
        int N, V, k, step;
    } sizes[] = {{1, 1, 1, 1},       /* smallest legal */
                 {5, 40, 1, 7},      /* a block without a candidate's tie */
                 {3, 700, 1, 300},   /* more candidates than threads */
                 {4, 50, 9, 2},      /* blocks of fewer candidates than places */
                 {2, 1200, 30, 500}, /* many places */
                 {2, 9, 6, 9}};      /* every candidate has its place */
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (int offset = 0; offset < 2; offset++)
            check_ranks(all, sizes[i].N, sizes[i].V, sizes[i].k, sizes[i].step, offset);
}

/* ---- rivals -------------------------------------------------------------------------------------
 */

typedef struct rivalry {
    float *rival_N, *own_value_N, *rival_value_N; /* the rivals are whole numbers */
} rivalry;

static rivalry rivals(backend *be, const float *x_NF, const int32_t *own_N, int k, int N, int F)
{
    size_t rows = (size_t)N;
    float *x = to_backend(be, x_NF, rows * (size_t)F * sizeof *x), *none = mem_small(rows, 4);
    int32_t *own = to_backend(be, own_N, rows * sizeof *own);
    int32_t *rival = to_backend(be, none, rows * sizeof *rival);
    float *own_value = to_backend(be, none, rows * sizeof(float));
    float *rival_value = to_backend(be, none, rows * sizeof(float));
    be->rivals(be, rival, own_value, rival_value, x, own, k, N, F);
    rivalry r = {mem_small(rows, sizeof(float)), from_backend(be, own_value, rows),
                 from_backend(be, rival_value, rows)};
    int32_t *who = (int32_t *)from_backend(be, (float *)rival, rows);
    for (int n = 0; n < N; n++)
        r.rival_N[n] = (float)who[n];
    void *there[] = {x, own, rival, own_value, rival_value};
    for (size_t i = 0; i < COUNT_OF(there); i++)
        be->free(be, there[i]);
    mem_free(who);
    mem_free(none);
    return r;
}

static void rivalry_release(rivalry *r)
{
    mem_free(r->rival_N);
    mem_free(r->own_value_N);
    mem_free(r->rival_value_N);
}

void check_rivals(const contenders *all)
{
    static const struct {
        int N, F, k;
    } sizes[] = {{1, 1, 1},      /* nobody else */
                 {7, 2, 1},      /* one other */
                 {9, 20, 20},    /* one too few others */
                 {9, 20, 19},    /* the last of the others */
                 {6, 65, 3},     /* ties at the edge */
                 {4, 700, 1},    /* rows longer than a block of threads */
                 {4, 700, 32},   /* usual */
                 {3, 700, 400}}; /* among the negative ones */
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        int N = sizes[i].N, F = sizes[i].F, k = sizes[i].k;
        float *x_NF = coarse_array((size_t)N * (size_t)F, "rivals");
        int32_t *own_N = random_ids((size_t)N, F, "own");
        rivalry want = rivals(all->be[0], x_NF, own_N, k, N, F);
        for (int b = 1; b < all->n; b++) {
            rivalry got = rivals(all->be[b], x_NF, own_N, k, N, F);
            check_numbers("a rival", got.rival_N, want.rival_N, (size_t)N);
            check_numbers("its value", got.rival_value_N, want.rival_value_N, (size_t)N);
            check_numbers("its own value", got.own_value_N, want.own_value_N, (size_t)N);
            rivalry_release(&got);
        }
        rivalry_release(&want);
        mem_free(own_N);
        mem_free(x_NF);
    }
}
