/* Selection of the active entries, and sparse products: rows in parallel for what is per row,
 * features in parallel for what is per feature. */
#include "train/sparse_batch.h"
#include "base/memory.h"
#include <string.h>

enum { ROWS_PER_BLOCK = 32, FEATURES_PER_BLOCK = 64 };

static int row_blocks(int n)
{
    return (n + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

void sparse_batch_release(sparse_batch *b)
{
    void *arrays[] = {b->row_start_N, b->feature,         b->row,       b->value,
                      b->d_value,     b->feature_start_F, b->by_feature};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        mem_free(arrays[i]);
    *b = (sparse_batch){0};
}

err_code sparse_batch_make(sparse_batch *out, int N, int F, int capacity, err *e)
{
    sparse_batch b = {.N = N, .F = F, .capacity = capacity};
    size_t n = (size_t)capacity;
    const char *what = "active features of a batch";
    b.row_start_N = mem_array((size_t)N + 1, sizeof(int), what, e);
    b.feature = mem_array(n, sizeof(int), what, e);
    b.row = mem_array(n, sizeof(int), what, e);
    b.value = mem_array(n, sizeof(float), what, e);
    b.d_value = mem_array(n, sizeof(float), what, e);
    b.feature_start_F = mem_array((size_t)F + 1, sizeof(int), what, e);
    b.by_feature = mem_array(n, sizeof(int), what, e);
    *out = b;
    if (b.row_start_N && b.feature && b.row && b.value && b.d_value && b.feature_start_F &&
        b.by_feature)
        return OK;
    sparse_batch_release(out);
    return e->code;
}

/* ---- selection ----------------------------------------------------------------------------------
 */

/* The k-th largest of n values (1 <= k <= n), by quickselect on a copy that it reorders. */
static float kth_largest(float *values, int n, int k)
{
    int low = 0, high = n - 1, wanted = k - 1;
    while (low < high) {
        float pivot = values[low + (high - low) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (values[i] > pivot)
                i++;
            while (values[j] < pivot)
                j--;
            if (i <= j) {
                float swap = values[i];
                values[i++] = values[j];
                values[j--] = swap;
            }
        }
        if (wanted <= j)
            high = j;
        else if (wanted >= i)
            low = i;
        else
            break;
    }
    return values[wanted];
}

/* Candidates of one block of rows, in row order. */
typedef struct candidate_list {
    int *feature, *row;
    float *value;
    int n, capacity;
} candidate_list;

typedef struct selection {
    const float *pre_NF;
    int N, F;
    float above;
    candidate_list *blocks;
} selection;

static void candidate_add(candidate_list *c, int row, int feature, float value)
{
    if (c->n == c->capacity) {
        c->capacity = c->capacity ? 2 * c->capacity : 4096;
        c->feature = mem_grow(c->feature, (size_t)c->capacity, sizeof(int));
        c->row = mem_grow(c->row, (size_t)c->capacity, sizeof(int));
        c->value = mem_grow(c->value, (size_t)c->capacity, sizeof(float));
    }
    c->feature[c->n] = feature;
    c->row[c->n] = row;
    c->value[c->n++] = value;
}

static void collect_rows(void *context, int first, int end)
{
    const selection *s = context;
    candidate_list *c = &s->blocks[first / ROWS_PER_BLOCK];
    for (int n = first; n < end; n++) {
        const float *pre_F = ROW(s->pre_NF, n, s->F);
        for (int f = 0; f < s->F; f++)
            if (pre_F[f] > s->above)
                candidate_add(c, n, f, pre_F[f]);
    }
}

static int collect(selection *s, float above, pool *p)
{
    int total = 0, n_blocks = row_blocks(s->N);
    s->above = above;
    for (int b = 0; b < n_blocks; b++)
        s->blocks[b].n = 0;
    pool_share(p, s->N, ROWS_PER_BLOCK, collect_rows, s);
    for (int b = 0; b < n_blocks; b++)
        total += s->blocks[b].n;
    return total;
}

static float threshold_of(const selection *s, int total, int k)
{
    float *values = mem_small((size_t)total, sizeof *values);
    int n = 0;
    for (int b = 0; b < row_blocks(s->N); b++) {
        memcpy(values + n, s->blocks[b].value, (size_t)s->blocks[b].n * sizeof *values);
        n += s->blocks[b].n;
    }
    float threshold = kth_largest(values, total, k);
    mem_free(values);
    return threshold;
}

/* Entries by feature, by counting; rows ascend within a feature because entries are in row order.
 */
static void index_features(sparse_batch *b, int n)
{
    int *start = b->feature_start_F;
    memset(start, 0, ((size_t)b->F + 1) * sizeof *start);
    for (int i = 0; i < n; i++)
        start[b->feature[i] + 1]++;
    for (int f = 0; f < b->F; f++)
        start[f + 1] += start[f];
    for (int i = 0; i < n; i++)
        b->by_feature[start[b->feature[i]]++] = i;
    for (int f = b->F; f > 0; f--)
        start[f] = start[f - 1];
    start[0] = 0;
}

/* Row starts from the rows of n entries in row order. */
static void index_rows(sparse_batch *b, int n)
{
    int at = 0;
    for (int row = 0; row <= b->N; row++) {
        while (at < n && b->row[at] < row)
            at++;
        b->row_start_N[row] = at;
    }
}

/* Everything above the threshold, and as many equal to it as there is room for. */
static void keep(sparse_batch *b, const selection *s, float threshold, int k)
{
    int above = 0, n = 0, n_blocks = row_blocks(s->N);
    for (int i = 0; i < n_blocks; i++)
        for (int j = 0; j < s->blocks[i].n; j++)
            above += s->blocks[i].value[j] > threshold;
    int equal_room = k - above;
    for (int i = 0; i < n_blocks; i++) {
        const candidate_list *c = &s->blocks[i];
        for (int j = 0; j < c->n; j++) {
            bool equal = c->value[j] == threshold;
            if (c->value[j] < threshold || (equal && equal_room-- <= 0))
                continue;
            b->feature[n] = c->feature[j];
            b->row[n] = c->row[j];
            b->value[n++] = c->value[j];
        }
    }
    index_rows(b, n);
    index_features(b, n);
}

static void selection_release(selection *s)
{
    for (int i = 0; i < row_blocks(s->N); i++) {
        mem_free(s->blocks[i].feature);
        mem_free(s->blocks[i].row);
        mem_free(s->blocks[i].value);
    }
    mem_free(s->blocks);
}

float sparse_batch_top_k(sparse_batch *b, const float *pre_NF, int N, int k_total, float guess,
                         pool *p)
{
    selection s = {pre_NF, N, b->F, 0, mem_small((size_t)row_blocks(N), sizeof(candidate_list))};
    b->N = N;
    float above = guess > 0 ? guess : 0;
    int total = collect(&s, above, p);
    if (total < k_total && above > 0)
        total = collect(&s, 0, p);
    int k = smaller(k_total, total);
    float threshold = k ? threshold_of(&s, total, k) : 0;
    keep(b, &s, threshold, k);
    selection_release(&s);
    return threshold;
}

typedef struct row_selection {
    sparse_batch *b;
    const float *pre_NF;
    const int *features;
    int n, k, N;
    int *counts_N;
} row_selection;

/* Each row writes at most k entries at n * k; the gaps are closed afterwards. */
static void select_rows(void *context, int first, int end)
{
    const row_selection *s = context;
    float *values = mem_small((size_t)s->n, sizeof *values);
    for (int row = first; row < end; row++) {
        const float *pre_F = ROW(s->pre_NF, row, s->b->F);
        int positive = 0, at = row * s->k, room = s->k;
        for (int i = 0; i < s->n; i++)
            if (pre_F[s->features[i]] > 0)
                values[positive++] = pre_F[s->features[i]];
        float threshold = positive > s->k ? kth_largest(values, positive, s->k) : 0;
        for (int i = 0; i < positive && positive > s->k; i++)
            room -= values[i] > threshold;
        for (int i = 0; i < s->n; i++) {
            float value = pre_F[s->features[i]];
            if (!(value > 0) || value < threshold || (value == threshold && room-- <= 0))
                continue;
            s->b->feature[at] = s->features[i];
            s->b->row[at] = row;
            s->b->value[at++] = value;
        }
        s->counts_N[row] = at - row * s->k;
    }
    mem_free(values);
}

void sparse_rows_top_k(sparse_batch *b, const float *pre_NF, int N, const int *features, int n,
                       int k, pool *p)
{
    row_selection s = {b,
                       pre_NF,
                       features,
                       n,
                       smaller(k, b->capacity / (N ? N : 1)),
                       N,
                       mem_small((size_t)N, sizeof(int))};
    b->N = N;
    pool_share(p, N, ROWS_PER_BLOCK, select_rows, &s);
    int total = 0;
    for (int row = 0; row < N; row++) {
        size_t count = (size_t)s.counts_N[row];
        int from = row * s.k;
        memmove(b->feature + total, b->feature + from, count * sizeof(int));
        memmove(b->row + total, b->row + from, count * sizeof(int));
        memmove(b->value + total, b->value + from, count * sizeof(float));
        total += s.counts_N[row];
    }
    mem_free(s.counts_N);
    index_rows(b, total);
    index_features(b, total);
}

/* ---- products
 * ------------------------------------------------------------------------------------ */

typedef struct product {
    const sparse_batch *b;
    float *y_ND, *d_dec_FD, *d_enc_FD, *d_bias_F, *d_value;
    const float *w_FD, *bias_D, *d_y_ND, *x_ND;
    int D;
} product;

static void add_scaled(float *y_D, float a, const float *x_D, int D)
{
    for (int d = 0; d < D; d++)
        y_D[d] += a * x_D[d];
}

static void decode_rows(void *context, int first, int end)
{
    const product *p = context;
    for (int n = first; n < end; n++) {
        float *y_D = ROW(p->y_ND, n, p->D);
        for (int d = 0; d < p->D; d++)
            y_D[d] = p->bias_D ? p->bias_D[d] : 0;
        for (int i = p->b->row_start_N[n]; i < p->b->row_start_N[n + 1]; i++)
            add_scaled(y_D, p->b->value[i], ROW(p->w_FD, p->b->feature[i], p->D), p->D);
    }
}

void sparse_decode(float *y_ND, const sparse_batch *b, const float *w_FD, const float *bias_D,
                   int D, pool *p)
{
    product q = {.b = b, .y_ND = y_ND, .w_FD = w_FD, .bias_D = bias_D, .D = D};
    pool_share(p, b->N, ROWS_PER_BLOCK, decode_rows, &q);
}

/* Eight running sums: a fixed order that the compiler can still put into vector registers. */
static float dot(const float *a_D, const float *b_D, int D)
{
    float sums[8] = {0};
    int d = 0;
    for (; d + 8 <= D; d += 8)
        for (int lane = 0; lane < 8; lane++)
            sums[lane] += a_D[d + lane] * b_D[d + lane];
    float sum = 0;
    for (int lane = 0; lane < 8; lane++)
        sum += sums[lane];
    for (; d < D; d++)
        sum += a_D[d] * b_D[d];
    return sum;
}

static void decode_backward_rows(void *context, int first, int end)
{
    const product *p = context;
    for (int n = first; n < end; n++)
        for (int i = p->b->row_start_N[n]; i < p->b->row_start_N[n + 1]; i++)
            p->d_value[i] =
                dot(ROW(p->w_FD, p->b->feature[i], p->D), ROW(p->d_y_ND, n, p->D), p->D);
}

void sparse_decode_backward(sparse_batch *b, const float *w_FD, const float *d_y_ND, int D, pool *p)
{
    product q = {.b = b, .w_FD = w_FD, .d_y_ND = d_y_ND, .d_value = b->d_value, .D = D};
    pool_share(p, b->N, ROWS_PER_BLOCK, decode_backward_rows, &q);
}

static void weight_gradients(void *context, int first, int end)
{
    const product *p = context;
    const sparse_batch *b = p->b;
    for (int f = first; f < end; f++)
        for (int j = b->feature_start_F[f]; j < b->feature_start_F[f + 1]; j++) {
            int i = b->by_feature[j], row = b->row[i];
            add_scaled(ROW(p->d_dec_FD, f, p->D), b->value[i], ROW(p->d_y_ND, row, p->D), p->D);
            add_scaled(ROW(p->d_enc_FD, f, p->D), b->d_value[i], ROW(p->x_ND, row, p->D), p->D);
            p->d_bias_F[f] += b->d_value[i];
        }
}

void sparse_weight_gradients(float *d_dec_FD, float *d_enc_FD, float *d_bias_F,
                             const sparse_batch *b, const float *d_y_ND, const float *x_ND, int D,
                             pool *p)
{
    product q = {.b = b,
                 .d_dec_FD = d_dec_FD,
                 .d_enc_FD = d_enc_FD,
                 .d_bias_F = d_bias_F,
                 .d_y_ND = d_y_ND,
                 .x_ND = x_ND,
                 .D = D};
    pool_share(p, b->F, FEATURES_PER_BLOCK, weight_gradients, &q);
}
