/* Three workspaces: parents to the hook with all layers kept, children to the hook, and whole
 * passes for the cross-entropy. Position i of a candidate is row i + skip of its sequence, after
 * the BOS. */
#include "invert/search_scorer.h"
#include "base/log_sum.h"
#include "base/memory.h"
#include "invert/smooth_max.h"
#include "invert/token_loss.h"
#include "model/flops.h"
#include <math.h>
#include <string.h>

enum { CHILD_ROWS = 8192 }; /* computed at once: bounds the memory */

typedef struct scorer_cost {
    double flops;
    int64_t rows;
} scorer_cost;

struct scorer {
    const optimise_setting *set;
    backend *be;
    objective *objective;
    double *scale_n;
    scorer_cost *cost_n;
    int n;                      /* features */
    int L, D, V, skip, T, most; /* T: rows of the longest sequence */
    int child_rows;
    double flops_hook, flops_end; /* of a row */
    forward *parents, *children, *end;
    int length; /* of the last parents */
    search_readout readout;
    int32_t *tokens, *which_N, *targets; /* tokens: of the sequences of a call */
    int *parent_C, *first_C;
    float *d_h, *d_x;                                    /* backend memory */
    float *value_N, *z_N, *f_N;                          /* of a call's rows */
    float *parent_value, *parent_z, *parent_f, *d_value; /* most x T */
    float *loss_N, *host_d_x;
    float *host_logits; /* of a chunk of the loss */
};

/* ---- making one --------------------------------------------------------------------------------
 */

static err_code new_workspaces(scorer *s, bool end_gradient, err *e)
{
    model *m = s->set->model;
    err_code rc =
        forward_new(&s->parents, m, s->most, s->T, s->set->hook, FORWARD_INPUT_GRADIENT, e);
    if (!rc)
        rc =
            forward_new(&s->children, m, s->child_rows / s->T, s->T, s->set->hook, FORWARD_ONLY, e);
    if (!rc)
        rc = forward_new(&s->end, m, s->most, s->T, NULL,
                         end_gradient ? FORWARD_INPUT_GRADIENT : FORWARD_ONLY, e);
    return rc;
}

static err_code new_arrays(scorer *s, err *e)
{
    size_t N = (size_t)s->most * (size_t)s->T, rows = (size_t)s->child_rows;
    size_t most_rows = N > rows ? N : rows, D = (size_t)s->D;
    size_t logits = (size_t)forward_loss_rows(s->end) * (size_t)s->V;
    const struct {
        void *where;
        size_t n, size;
        bool backend;
    } list[] = {{&s->tokens, most_rows * (size_t)s->T, sizeof(int32_t), false},
                {&s->which_N, most_rows, sizeof(int32_t), false},
                {&s->targets, N, sizeof(int32_t), false},
                {&s->parent_C, rows, sizeof(int), false},
                {&s->first_C, rows, sizeof(int), false},
                {&s->d_h, N * (size_t)s->set->hook->width, sizeof(float), true},
                {&s->d_x, N * D, sizeof(float), true},
                {&s->value_N, most_rows, sizeof(float), false},
                {&s->z_N, most_rows, sizeof(float), false},
                {&s->f_N, most_rows, sizeof(float), false},
                {&s->parent_value, N, sizeof(float), false},
                {&s->parent_z, N, sizeof(float), false},
                {&s->parent_f, N, sizeof(float), false},
                {&s->d_value, N, sizeof(float), false},
                {&s->loss_N, N, sizeof(float), false},
                {&s->host_d_x, N * D, sizeof(float), false},
                {&s->host_logits, logits, sizeof(float), false}};
    for (size_t i = 0; i < COUNT_OF(list); i++) {
        void *p = list[i].backend
                      ? s->be->alloc(s->be, list[i].n, list[i].size, "the search's batch", e)
                      : mem_array(list[i].n, list[i].size, "the search's batch", e);
        if (!p)
            return e->code;
        memcpy(list[i].where, &p, sizeof p);
    }
    return OK;
}

err_code scorer_new(scorer **out, const optimise_setting *set, const search_options *o,
                    const int *features_n, const double *scale_n, int n, int most, err *e)
{
    const model_config *c = model_describe(set->model);
    scorer *s = mem_small(1, sizeof *s);
    *s = (scorer){.set = set,
                  .be = model_backend(set->model),
                  .L = o->length,
                  .D = c->d_model,
                  .V = c->d_vocab,
                  .n = n,
                  .skip = set->bos >= 0,
                  .T = o->length + (set->bos >= 0),
                  .most = most,
                  .flops_hook = model_flops(c, set->hook, o->length / 2.0),
                  .flops_end = model_flops(c, NULL, o->length / 2.0)};
    s->child_rows = s->T > CHILD_ROWS ? s->T : CHILD_ROWS / s->T * s->T;
    s->scale_n = mem_small((size_t)n, sizeof *s->scale_n);
    memcpy(s->scale_n, scale_n, (size_t)n * sizeof *scale_n);
    s->cost_n = mem_small((size_t)n, sizeof *s->cost_n);
    err_code rc = objective_new(&s->objective, set->sae, features_n, scale_n, n, e);
    if (!rc)
        rc = new_workspaces(s, o->gradient_of_cross_entropy, e);
    if (!rc)
        rc = new_arrays(s, e);
    if (rc)
        scorer_free(s);
    else
        *out = s;
    return rc;
}

void scorer_free(scorer *s)
{
    if (!s)
        return;
    void *on_host[] = {s->tokens,   s->which_N, s->targets, s->parent_C,     s->first_C,
                       s->value_N,  s->z_N,     s->f_N,     s->parent_value, s->parent_z,
                       s->parent_f, s->d_value, s->loss_N,  s->host_d_x,     s->host_logits,
                       s->scale_n,  s->cost_n};
    for (size_t i = 0; i < COUNT_OF(on_host); i++)
        mem_free(on_host[i]);
    s->be->free(s->be, s->d_h);
    s->be->free(s->be, s->d_x);
    forward_free(s->parents);
    forward_free(s->children);
    forward_free(s->end);
    objective_free(s->objective);
    mem_free(s);
}

double scorer_flops(const scorer *s, int which)
{
    return s->cost_n[which].flops;
}

int64_t scorer_rows(const scorer *s, int which)
{
    return s->cost_n[which].rows;
}

void scorer_put_counts(str *to, const scorer *s)
{
    packed_put(to, s->cost_n, (size_t)s->n, sizeof *s->cost_n);
}

void scorer_get_counts(packed_reader *from, scorer *s)
{
    packed_get(from, s->cost_n, (size_t)s->n, sizeof *s->cost_n);
}

static void count_rows(scorer *s, int which, int rows, double flops_a_row)
{
    s->cost_n[which].rows += rows;
    s->cost_n[which].flops += flops_a_row * rows;
}

/* The way back to the inputs costs as much as the way there. */
static void count_backward(scorer *s, int which, int rows, double flops_a_row)
{
    s->cost_n[which].flops += flops_a_row * rows;
}

/* ---- parents -----------------------------------------------------------------------------------
 */

static void pack(scorer *s, candidate *const *list, int n, int length)
{
    int T = length + s->skip;
    for (int i = 0; i < n; i++) {
        int32_t *row = ROW(s->tokens, i, T);
        if (s->skip)
            row[0] = s->set->bos;
        memcpy(row + s->skip, list[i]->tokens_L, (size_t)length * sizeof *row);
    }
}

/* Where a row of values is read, positions from `first` on: the first of the largest, or the last.
 */
static int read_position(const float *value, int first, int length, search_readout readout)
{
    if (readout == READ_LAST)
        return length - 1;
    int best = first;
    for (int i = first + 1; i < length; i++)
        if (value[i] > value[best])
            best = i;
    return best;
}

static void take(candidate *c, const float *value, const float *z, const float *f, int position)
{
    c->value = value[position];
    c->z = z[position];
    c->activation = f[position];
    c->position = position;
}

static err_code parent_gradient(scorer *s, candidate *const *list, int n, float *d_x_NLD, err *e)
{
    int T = s->length + s->skip, D = s->D;
    size_t N = (size_t)n * (size_t)T;
    memset(s->d_value, 0, N * sizeof *s->d_value);
    for (int i = 0; i < n; i++) {
        float *d_value = ROW(s->d_value, i, T) + s->skip;
        if (s->readout == READ_LAST)
            d_value[s->length - 1] = 1;
        else
            smooth_max(d_value, ROW(s->parent_value, i, T) + s->skip, s->length,
                       SMOOTH_MAX_SOFTNESS * s->scale_n[list[i]->which]);
        count_backward(s, list[i]->which, T, s->flops_hook);
    }
    err_code rc = objective_backward(s->d_h, s->objective, s->which_N, s->d_value,
                                     forward_hook(s->parents), (int)N, e);
    if (!rc)
        rc = backward_to_embeddings(s->d_x, s->parents, s->d_h, e);
    s->be->download(s->be, s->host_d_x, s->d_x, N * (size_t)D * sizeof(float));
    if (!rc)
        rc = backend_sync(s->be, e);
    for (int i = 0; i < n && !rc; i++)
        memcpy(ROW(d_x_NLD, i, s->length * D), s->host_d_x + ((size_t)i * T + s->skip) * D,
               (size_t)s->length * D * sizeof *d_x_NLD);
    return rc;
}

err_code scorer_parents(scorer *s, candidate *const *list_n, int n, int length,
                        search_readout readout, float *d_x_NLD, err *e)
{
    int T = length + s->skip, N = n * T;
    s->length = length;
    s->readout = readout;
    pack(s, list_n, n, length);
    for (int r = 0; r < N; r++)
        s->which_N[r] = list_n[r / T]->which;
    err_code rc = forward_tokens(s->parents, s->tokens, n, T, s->set->hook, e);
    if (!rc)
        rc = objective_values(s->parent_value, s->parent_z, s->parent_f, s->objective, s->which_N,
                              forward_hook(s->parents), N, e);
    for (int i = 0; i < n && !rc; i++) {
        const float *value = ROW(s->parent_value, i, T) + s->skip;
        take(list_n[i], value, ROW(s->parent_z, i, T) + s->skip, ROW(s->parent_f, i, T) + s->skip,
             read_position(value, 0, length, readout));
        count_rows(s, list_n[i]->which, T, s->flops_hook + objective_flops(s->objective));
    }
    return rc || !d_x_NLD ? rc : parent_gradient(s, list_n, n, d_x_NLD, e);
}

/* ---- children ----------------------------------------------------------------------------------
 */

/* The best of the parent's positions before the edit and the child's own from there on. `own` is
 * where position 0 of the child would be in the packed rows. */
static void read_child(const scorer *s, candidate *c, ptrdiff_t own)
{
    int T = s->length + s->skip;
    size_t old = (size_t)c->parent * (size_t)T + (size_t)s->skip;
    int position = read_position(s->value_N + own, c->first, s->length, s->readout);
    take(c, s->value_N + own, s->z_N + own, s->f_N + own, position);
    c->cross_entropy = (double)NAN;
    if (s->readout == READ_LAST || c->first == 0)
        return;
    int before = read_position(s->parent_value + old, 0, c->first, READ_MAX);
    if (s->parent_value[old + (size_t)before] >= c->value)
        take(c, s->parent_value + old, s->parent_z + old, s->parent_f + old, before);
}

static err_code run_children(scorer *s, candidate *const *list, int n, int rows, err *e)
{
    int T = s->length + s->skip;
    pack(s, list, n, s->length);
    for (int i = 0, row = 0; i < n; i++) {
        s->parent_C[i] = list[i]->parent;
        s->first_C[i] = list[i]->first + s->skip;
        for (int t = s->first_C[i]; t < T; t++)
            s->which_N[row++] = list[i]->which;
    }
    err_code rc = forward_children(s->children, s->parents, s->tokens, s->parent_C, s->first_C, n,
                                   s->set->hook, e);
    if (!rc)
        rc = objective_values(s->value_N, s->z_N, s->f_N, s->objective, s->which_N,
                              forward_hook(s->children), rows, e);
    ptrdiff_t row = 0;
    for (int i = 0; i < n && !rc; i++) {
        int own = s->length - list[i]->first;
        read_child(s, list[i], row - list[i]->first);
        count_rows(s, list[i]->which, own, s->flops_hook + objective_flops(s->objective));
        row += own;
    }
    return rc;
}

err_code scorer_children(scorer *s, candidate *const *list_n, int n, err *e)
{
    err_code rc = OK;
    for (int first = 0; first < n && !rc;) {
        int count = 0, rows = 0;
        while (first + count < n) {
            int own = s->length - list_n[first + count]->first;
            if (rows + own > s->child_rows)
                break;
            rows += own;
            count++;
        }
        rc = run_children(s, list_n + first, count, rows, e);
        first += count;
    }
    return rc;
}

/* ---- cross-entropy -----------------------------------------------------------------------------
 */

/* Only tokens up to the position that is read count. */
static void set_targets(scorer *s, candidate *const *list, int n)
{
    for (int i = 0; i < n; i++)
        token_loss_targets(ROW(s->targets, i, s->T), list[i]->tokens_L, list[i]->position + 1, s->T,
                           s->skip);
}

static void take_cross_entropy(scorer *s, candidate *const *list, int n, float *loss_NL)
{
    for (int i = 0; i < n; i++) {
        const float *loss = ROW(s->loss_N, i, s->T);
        list[i]->cross_entropy = token_loss_mean(loss, list[i]->position + 1, s->T, s->skip);
        for (int p = 0; loss_NL && p < s->L; p++)
            ROW(loss_NL, i, s->L)[p] = p + s->skip > 0 ? loss[p + s->skip - 1] : 0;
        count_rows(s, list[i]->which, s->T, s->flops_end);
    }
}

/* Log-probabilities that are read from logits as these are made. */
typedef struct expectations {
    scorer *s;
    const int32_t *ids; /* K for each row; `shared`: the same for all */
    float *log_p;
    int K;
    bool shared;
    const int32_t *rows_n; /* of the chunk under way */
} expectations;

/* Log-probabilities of row i of the chunk. A row foresees the position behind it. */
static void read_row(void *context, int i)
{
    const expectations *x = context;
    const scorer *s = x->s;
    int sequence = x->rows_n[i] / s->T, position = x->rows_n[i] % s->T + 1 - s->skip, K = x->K;
    const float *logits_V = ROW(s->host_logits, i, s->V);
    double total = log_sum_exp(logits_V, s->V);
    size_t at = x->shared ? (size_t)sequence : (size_t)sequence * (size_t)s->L + (size_t)position;
    const int32_t *ids_K = x->shared ? x->ids : ROW(x->ids, at, K);
    for (int k = 0; k < K; k++)
        ROW(x->log_p, at, K)
    [k] = (float)((double)logits_V[ids_K[k]] - total);
}

static err_code read_chunk(void *context, const float *logits_nV, const int32_t *rows_n, int n,
                           err *e)
{
    expectations *x = context;
    backend *be = x->s->be;
    be->download(be, x->s->host_logits, logits_nV, (size_t)n * (size_t)x->s->V * sizeof *logits_nV);
    err_code rc = backend_sync(be, e);
    x->rows_n = rows_n;
    if (!rc)
        pool_run(be->pool, n, read_row, x);
    return rc;
}

static err_code run_to_end(scorer *s, candidate *const *list, int n, err *e)
{
    pack(s, list, n, s->L);
    set_targets(s, list, n);
    return forward_tokens(s->end, s->tokens, n, s->T, NULL, e);
}

err_code scorer_cross_entropy(scorer *s, candidate *const *list_n, int n, const int32_t *ids_NLK,
                              int K, float *log_p_NLK, float *loss_NL, err *e)
{
    err_code rc = OK;
    size_t lists = (size_t)s->L * (size_t)K;
    for (int first = 0; first < n && !rc; first += s->most) {
        int count = n - first < s->most ? n - first : s->most;
        expectations x = {.s = s, .K = K};
        if (ids_NLK) {
            x.ids = ROW(ids_NLK, first, lists);
            x.log_p = ROW(log_p_NLK, first, lists);
            memset(x.log_p, 0, (size_t)count * lists * sizeof *x.log_p);
        }
        rc = run_to_end(s, list_n + first, count, e);
        if (!rc)
            rc = forward_loss_seen(s->loss_N, s->end, s->targets, ids_NLK ? read_chunk : NULL, &x,
                                   e);
        if (!rc)
            take_cross_entropy(s, list_n + first, count,
                               loss_NL ? ROW(loss_NL, first, s->L) : NULL);
    }
    return rc;
}

err_code scorer_expected(scorer *s, candidate *const *list_n, int n, const int32_t *ids_K, int K,
                         float *log_p_NK, err *e)
{
    err_code rc = OK;
    for (int first = 0; first < n && !rc; first += s->most) {
        int count = n - first < s->most ? n - first : s->most;
        expectations x = {
            .s = s, .ids = ids_K, .log_p = ROW(log_p_NK, first, K), .K = K, .shared = true};
        rc = run_to_end(s, list_n + first, count, e);
        for (int i = 0; i < count; i++) { /* the target of the row that foresees it, alone */
            int32_t *targets_T = ROW(s->targets, i, s->T);
            int row = list_n[first + i]->position + s->skip - 1;
            for (int t = 0; t < s->T; t++)
                targets_T[t] = t == row ? targets_T[t] : -1;
            count_rows(s, list_n[first + i]->which, s->T, s->flops_end);
        }
        if (!rc)
            rc = forward_loss_seen(NULL, s->end, s->targets, read_chunk, &x, e);
    }
    return rc;
}

err_code scorer_cross_entropy_gradient(scorer *s, candidate *const *list_n, const double *weight_n,
                                       int n, float *d_x_NLD, err *e)
{
    int D = s->D;
    err_code rc = run_to_end(s, list_n, n, e);
    if (!rc)
        rc = backward_loss(s->loss_N, s->d_x, s->end, s->targets, 1, e);
    s->be->download(s->be, s->host_d_x, s->d_x, (size_t)n * s->T * D * sizeof(float));
    if (!rc)
        rc = backend_sync(s->be, e);
    if (rc)
        return rc;
    take_cross_entropy(s, list_n, n, NULL);
    for (int i = 0; i < n; i++) {
        int expected = token_loss_expected(list_n[i]->position + 1, s->skip);
        float share = expected > 0 ? (float)(weight_n[i] / expected) : 0;
        const float *from = s->host_d_x + ((size_t)i * s->T + s->skip) * D;
        float *to = ROW(d_x_NLD, i, s->L * D);
        for (int k = 0; k < s->L * D; k++)
            to[k] += share * from[k];
        count_backward(s, list_n[i]->which, s->T, s->flops_end);
    }
    return OK;
}
