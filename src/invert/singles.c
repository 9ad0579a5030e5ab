/* A block of tokens at a time. After a BOS they are children of one sequence [BOS, some token] that
 * differ in the last position: one row each, the BOS's keys and values are computed once. */
#include "invert/search_packed.h"
#include "base/memory.h"
#include "compute/ranking.h"
#include "model/flops.h"
#include <math.h>
#include <string.h>

enum { BLOCK_FLOATS = 32 * 1024 * 1024, BLOCK_ROWS = 1024 };

typedef struct finder {
    singles *out;
    const optimise_setting *set;
    backend *be;
    bool has_bos;
    int rows;                 /* of a block */
    forward *parent, *tokens; /* parent: NULL without a BOS */
    int32_t *tokens_N2;
    int *parent_N, *first_N;
    float *pre_NF, *max_F, *chosen_NC; /* backend */
    int32_t *row_F, *columns_C;        /* backend */
    float *host_max_F, *host_chosen_NC;
    int32_t *host_row_F;
    const int32_t *ids_N; /* the block under way; after `done` others */
    int N, done;
} finder;

static int tokens_tried(const optimise_setting *set, int most)
{
    return most > 0 && most < set->table->n ? most : set->table->n;
}

/* ---- room --------------------------------------------------------------------------------------
 */

static err_code check(const optimise_setting *set, const int *targets, int n, int S, int tried,
                      err *e)
{
    int F = sae_describe(set->sae)->d_sae;
    for (int i = 0; i < n; i++)
        if (targets[i] < 0 || targets[i] >= F)
            return err_set(e, E_DATA, "feature %d: the SAE has features 0 to %d", targets[i],
                           F - 1);
    if (n > 0 && (S < 1 || S > tried))
        return err_set(e, E_SHAPE, "the %d best single tokens are asked for, %d are tried", S,
                       tried);
    return OK;
}

static err_code open_models(finder *f, err *e)
{
    model *m = f->set->model;
    const hook *to = f->set->hook;
    if (!f->has_bos)
        return forward_new(&f->tokens, m, f->rows, 1, to, FORWARD_ONLY, e);
    int32_t example[2] = {f->set->bos, f->set->table->ids[0]};
    err_code rc = forward_new(&f->parent, m, 1, 2, to, FORWARD_INPUT_GRADIENT, e);
    if (!rc)
        rc = forward_tokens(f->parent, example, 1, 2, to, e);
    return rc ? rc : forward_new(&f->tokens, m, (f->rows + 1) / 2, 2, to, FORWARD_ONLY, e);
}

static err_code open_arrays(finder *f, err *e)
{
    static const char what[] = "single tokens";
    backend *be = f->be;
    size_t rows = (size_t)f->rows, F = (size_t)f->out->F, C = (size_t)f->out->n_targets;
    f->tokens_N2 = mem_small(2 * rows, sizeof *f->tokens_N2);
    f->parent_N = mem_small(rows, sizeof *f->parent_N);
    f->first_N = mem_small(rows, sizeof *f->first_N);
    f->pre_NF = be->alloc(be, rows * F, sizeof *f->pre_NF, what, e);
    f->max_F = be->alloc(be, F, sizeof *f->max_F, what, e);
    f->row_F = be->alloc(be, F, sizeof *f->row_F, what, e);
    f->chosen_NC = be->alloc(be, rows * C, sizeof *f->chosen_NC, what, e);
    f->columns_C = be->alloc(be, C, sizeof *f->columns_C, what, e);
    f->host_max_F = mem_array(F, sizeof *f->host_max_F, what, e);
    f->host_row_F = mem_array(F, sizeof *f->host_row_F, what, e);
    f->host_chosen_NC = mem_array(rows * C, sizeof *f->host_chosen_NC, what, e);
    if (!f->pre_NF || !f->max_F || !f->row_F || !f->chosen_NC || !f->columns_C || !f->host_max_F ||
        !f->host_row_F || !f->host_chosen_NC)
        return e->code;
    return OK;
}

static err_code open_result(singles *out, int n, int S, err *e)
{
    static const char what[] = "best single tokens";
    size_t F = (size_t)out->F, cells = (size_t)n * (size_t)S;
    out->best_F = mem_array(F, sizeof *out->best_F, what, e);
    out->pre_activation_F = mem_array(F, sizeof *out->pre_activation_F, what, e);
    out->ids_NS = mem_array(cells, sizeof *out->ids_NS, what, e);
    out->pre_activation_NS = mem_array(cells, sizeof *out->pre_activation_NS, what, e);
    return out->best_F && out->pre_activation_F && out->ids_NS && out->pre_activation_NS ? OK
                                                                                         : e->code;
}

static void finder_close(finder *f)
{
    void *on_backend[] = {f->pre_NF, f->max_F, f->row_F, f->chosen_NC, f->columns_C};
    void *on_host[] = {f->tokens_N2,  f->parent_N,   f->first_N,
                       f->host_max_F, f->host_row_F, f->host_chosen_NC};
    for (size_t i = 0; i < COUNT_OF(on_backend); i++)
        f->be->free(f->be, on_backend[i]);
    for (size_t i = 0; i < COUNT_OF(on_host); i++)
        mem_free(on_host[i]);
    forward_free(f->parent);
    forward_free(f->tokens);
}

/* ---- a block -----------------------------------------------------------------------------------
 */

static err_code run_tokens(finder *f, err *e)
{
    if (!f->has_bos)
        return forward_tokens(f->tokens, f->ids_N, f->N, 1, f->set->hook, e);
    for (int i = 0; i < f->N; i++) {
        f->tokens_N2[2 * i + 1] = f->ids_N[i];
        f->first_N[i] = 1;
    }
    return forward_children(f->tokens, f->parent, f->tokens_N2, f->parent_N, f->first_N, f->N,
                            f->set->hook, e);
}

static void keep_best(finder *f)
{
    singles *out = f->out;
    for (int k = 0; k < out->F; k++)
        if (f->done == 0 || f->host_max_F[k] > out->pre_activation_F[k]) {
            out->pre_activation_F[k] = f->host_max_F[k];
            out->best_F[k] = f->ids_N[f->host_row_F[k]];
        }
}

static void rank_target(void *context, int target)
{
    finder *f = context;
    singles *out = f->out;
    for (int i = 0; i < f->N; i++)
        ranking_add(ROW(out->ids_NS, target, out->S), ROW(out->pre_activation_NS, target, out->S),
                    out->S, f->done + i, f->ids_N[i],
                    ROW(f->host_chosen_NC, i, out->n_targets)[target]);
}

static err_code try_block(finder *f, err *e)
{
    backend *be = f->be;
    int F = f->out->F, C = f->out->n_targets, N = f->N;
    err_code rc = run_tokens(f, e);
    if (rc)
        return rc;
    sae_preactivations(f->pre_NF, f->set->sae, forward_hook(f->tokens), N);
    be->column_max(be, f->max_F, f->row_F, f->pre_NF, N, F);
    be->gather_columns(be, f->chosen_NC, f->pre_NF, f->columns_C, N, F, C);
    be->download(be, f->host_max_F, f->max_F, (size_t)F * sizeof *f->max_F);
    be->download(be, f->host_row_F, f->row_F, (size_t)F * sizeof *f->row_F);
    be->download(be, f->host_chosen_NC, f->chosen_NC, (size_t)N * (size_t)C * sizeof(float));
    rc = backend_sync(be, e);
    if (rc)
        return rc;
    keep_best(f);
    pool_run(be->pool, C, rank_target, f);
    f->done += N;
    return cancel_check(e);
}

/* ---- stopping and going on ---------------------------------------------------------------------
 */

static void put_finder(str *to, const finder *f)
{
    packed_put(to, &f->done, 1, sizeof f->done);
    singles_put_best(to, f->out);
}

static err_code get_finder(finder *f, const draft *d, err *e)
{
    packed_reader r = packed_read(&d->state);
    packed_get(&r, &f->done, 1, sizeof f->done);
    singles_get_best(&r, f->out);
    return draft_accept(d, &r, f->done >= 0 && f->done <= f->out->n_tokens, "these tokens", e);
}

static err_code try_all(finder *f, err *e)
{
    progress bar = progress_start(f->set->reporter, f->set->name, f->out->n_tokens);
    draft *d = f->set->draft;
    err_code rc = draft_found(d) ? get_finder(f, d, e) : OK;
    while (f->done < f->out->n_tokens && !rc) {
        int left = f->out->n_tokens - f->done;
        f->ids_N = f->set->table->ids + f->done;
        f->N = left < f->rows ? left : f->rows;
        rc = try_block(f, e);
        if (draft_is_due(d, rc)) {
            put_finder(draft_room(d), f);
            rc = draft_keep(d, rc, e);
        }
        progress_step(&bar, f->done, NULL);
    }
    progress_end(&bar);
    return rc;
}

/* ---- all ---------------------------------------------------------------------------------------
 */

static int block_rows(int F, int n_tokens)
{
    int rows = BLOCK_FLOATS / F;
    rows = rows < 2 ? 2 : rows > BLOCK_ROWS ? BLOCK_ROWS : rows;
    return rows < n_tokens ? rows : n_tokens;
}

err_code singles_find(singles *out, const optimise_setting *setting, const int *targets_n, int n,
                      int S, int most, err *e)
{
    *out = (singles){0};
    int tried = tokens_tried(setting, most);
    err_code rc = check(setting, targets_n, n, S, tried, e);
    if (rc)
        return rc;
    *out = (singles){.n_tokens = tried,
                     .F = sae_describe(setting->sae)->d_sae,
                     .n_targets = n,
                     .S = n > 0 ? S : 0};
    finder f = {.out = out,
                .set = setting,
                .be = model_backend(setting->model),
                .has_bos = setting->bos >= 0,
                .rows = block_rows(out->F, tried)};
    rc = open_result(out, n, out->S, e);
    if (!rc)
        rc = open_arrays(&f, e);
    if (!rc)
        rc = open_models(&f, e);
    if (!rc) {
        f.be->upload(f.be, f.columns_C, targets_n, (size_t)n * sizeof *targets_n);
        rc = try_all(&f, e);
    }
    finder_close(&f);
    if (rc)
        singles_release(out);
    return rc;
}

void singles_release(singles *s)
{
    mem_free(s->best_F);
    mem_free(s->pre_activation_F);
    mem_free(s->ids_NS);
    mem_free(s->pre_activation_NS);
    *s = (singles){0};
}

double singles_flops(const optimise_setting *setting, int most)
{
    const sae_config *c = sae_describe(setting->sae);
    double keys = setting->bos >= 0 ? 2 : 1;
    double token =
        model_flops(model_describe(setting->model), setting->hook, keys) + 2.0 * c->d_in * c->d_sae;
    return tokens_tried(setting, most) * token;
}
