/* One small fixed piece of each hot path, for counting instructions: hot_paths NAME. One thread, so
 * that a count is the same each time. */
#include "base/memory.h"
#include "base/rng.h"
#include "compute/sparse_rows.h"
#include "features/hdbscan.h"
#include "features/stats.h"
#include "features/umap.h"
#include "model/forward.h"
#include <string.h>

static float *random_numbers(size_t n)
{
    rng r = rng_stream(1, "hot paths");
    float *x = mem_small(n, sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_uniform(&r) - 0.5f;
    return x;
}

static void run_product(backend *be, err *e)
{
    enum { M = 256, N = 384, K = 128 };
    float *a = random_numbers(M * K), *b = random_numbers(N * K), *c = random_numbers(M * N);
    be->gemm(be, c, N, a, K, PLAIN, b, K, TRANSPOSED, M, N, K, 1, 0);
    backend_sync(be, e);
    mem_free(a);
    mem_free(b);
    mem_free(c);
}

static void run_encode(backend *be, err *e)
{
    enum { N = 96, D = 128, F = 4096 };
    float *x = random_numbers(N * D), *w = random_numbers(D * F), *b = random_numbers(F);
    bool counted[N];
    int32_t prompts[N] = {0}, positions[N];
    for (int i = 0; i < F; i++)
        b[i] -= 3.0f;
    for (int i = 0; i < N; i++) {
        counted[i] = true;
        positions[i] = i;
    }
    sparse_rows *active;
    if (!sparse_rows_new(&active, be, N, F, e)) {
        be->encode_sparse(be, active, x, w, b, NULL, N, D, F);
        sparse_rows_arrive(active, e);
        gatherer *g = gatherer_new(F, NULL);
        gatherer_add(g, active, prompts, positions, counted);
        gatherer_free(g);
        sparse_rows_free(active);
    }
    mem_free(b);
    mem_free(w);
    mem_free(x);
}

/* Forward to a block's end and the gradient back: what a step of the optimiser is made of. */
static void run_step(backend *be, err *e)
{
    enum { B = 8, T = 16, D = 64 };
    model_config c = config_start(FAMILY_GPT_NEOX);
    c.n_layers = 2;
    c.d_model = D;
    c.n_heads = 2;
    c.n_kv_heads = 2;
    c.d_head = 32;
    c.d_mlp = 4 * D;
    c.d_vocab = 64;
    c.context = T;
    c.rotary = 8;
    hook h;
    model *m = NULL;
    forward *f = NULL;
    int32_t tokens[B * T] = {0};
    float *d = random_numbers(B * T * D), *d_x = random_numbers(B * T * D);
    if (!hook_parse(&h, &c, "blocks.1.hook_resid_post", e) && !model_new(&m, be, &c, 1, e) &&
        !forward_new(&f, m, B, T, &h, FORWARD_INPUT_GRADIENT, e) &&
        !forward_tokens(f, tokens, B, T, &h, e))
        backward_to_embeddings(d_x, f, d, e);
    forward_free(f);
    model_free(m);
    mem_free(d);
    mem_free(d_x);
}

enum { ROWS = 600, COLUMNS = 50 };

static void run_hdbscan(backend *be, err *e)
{
    (void)be;
    hdbscan_options o = hdbscan_defaults();
    hdbscan_result r = {0};
    float *x_ND = random_numbers(ROWS * COLUMNS);
    hdbscan_cluster(&r, x_ND, ROWS, COLUMNS, &o, NULL, e);
    hdbscan_release(&r);
    mem_free(x_ND);
}

static void run_umap(backend *be, err *e)
{
    (void)be;
    umap_options o = umap_defaults();
    o.metric = METRIC_EUCLIDEAN;
    o.n_epochs = 20;
    umap_result r = {0};
    float *x_ND = random_numbers(ROWS * COLUMNS);
    umap_fit(&r, x_ND, ROWS, COLUMNS, &o, NULL, NULL, e);
    umap_release(&r);
    mem_free(x_ND);
}

static const struct {
    const char *name;
    void (*run)(backend *be, err *e);
} PATHS[] = {{"product", run_product}, {"encode", run_encode}, {"step", run_step},
             {"hdbscan", run_hdbscan}, {"umap", run_umap},     {"nothing", NULL}};

int main(int argc, char **argv)
{
    err e = {0};
    backend *be;
    if (backend_cpu(&be, NULL, &e))
        err_die("%s", e.text);
    for (size_t i = 0; i < COUNT_OF(PATHS); i++) {
        if (argc != 2 || strcmp(argv[1], PATHS[i].name))
            continue;
        if (PATHS[i].run)
            PATHS[i].run(be, &e);
        if (e.code)
            err_die("%s", e.text);
        backend_free(be);
        return 0;
    }
    err_die("hot_paths NAME");
}
