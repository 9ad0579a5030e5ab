/* Running sequences from the first token on that differs from another one's. */
#include "base/memory.h"
#include "model/workspace.h"

/* Blocks in whose attention a run to `stop` has come at least to this site. */
static int blocks_past(const model_config *c, const hook *stop, hook_site site)
{
    if (!stop || stop->site >= HOOK_FINAL_SCALE)
        return c->n_layers;
    if (stop->site <= HOOK_POS_EMBED)
        return 0;
    bool left_out = c->parallel && site_in_mlp(stop->site);
    return stop->layer + (stop->site >= site && !left_out);
}

static err_code check_parent(const forward *f, const forward *parent, const hook *stop, err *e)
{
    const model_config *c = &f->m->config;
    const hook *reached = parent->made == RAN_TO_HOOK ? &parent->stop : NULL;
    if (f->mode != FORWARD_ONLY || f == parent || f->m != parent->m)
        return err_set(e, E_SHAPE,
                       "children are run in a workspace without gradients that is not their "
                       "parent's, of the same model");
    if (parent->made == NOTHING_RUN || parent->r.children.C)
        return err_set(e, E_SHAPE, "the parents of children were not run as whole sequences");
    if (parent->mode == FORWARD_ONLY && parent->n_layers > 1)
        return err_set(e, E_SHAPE, "the parent's workspace keeps the keys of only one block of %d",
                       parent->n_layers);
    if (blocks_past(c, reached, HOOK_ROT_Q) < blocks_past(c, stop, HOOK_Z))
        return err_set(e, E_SHAPE, "the parents ran to %s and have no keys for a run to %s",
                       reached->name, stop ? stop->name : "the logits");
    return OK;
}

static err_code check_rows(const forward *f, const int32_t *host_tokens_T, int c, int first, int T,
                           err *e)
{
    int V = f->m->config.d_vocab;
    if (first < 0 || first >= T)
        return err_set(e, E_SHAPE, "child %d is new from position %d on, of %d", c, first, T);
    for (int t = first; t < T; t++)
        if (host_tokens_T[t] < 0 || host_tokens_T[t] >= V)
            return err_set(e, E_SHAPE, "token %d of child %d is %d, but the vocabulary has %d", t,
                           c, host_tokens_T[t], V);
    return OK;
}

/* Packs the rows; children_3C is parents, first positions and first rows, C each. */
static err_code pack(forward *f, const forward *parent, const int32_t *host_tokens_CT,
                     const int *host_parent_C, const int *host_first_C, int C, err *e)
{
    int T = parent->r.T, most = f->max_B * f->max_T, N = 0;
    if (C < 1 || C > most || T > f->max_T)
        return err_set(e, E_SHAPE, "%d children of %d tokens in a workspace for %d of %d", C, T,
                       f->max_B, f->max_T);
    for (int c = 0; c < C; c++) {
        const int32_t *tokens = ROW(host_tokens_CT, c, T);
        int first = host_first_C[c];
        if (host_parent_C[c] < 0 || host_parent_C[c] >= parent->r.B)
            return err_set(e, E_SHAPE, "child %d is of sequence %d, but the parent ran %d", c,
                           host_parent_C[c], parent->r.B);
        if (check_rows(f, tokens, c, first, T, e))
            return e->code;
        if (T - first > most - N)
            return err_set(e, E_SHAPE, "%d children have more than the workspace's %d rows", C,
                           most);
        f->host_children_3C[c] = host_parent_C[c];
        f->host_children_3C[C + c] = first;
        f->host_children_3C[2 * C + c] = N;
        for (int t = first; t < T; t++, N++) {
            f->host_tokens_N[N] = tokens[t];
            f->host_positions_N[N] = t;
        }
    }
    f->r.N = N;
    f->r.B = 0;
    f->r.T = T;
    return OK;
}

err_code forward_children(forward *f, const forward *parent, const int32_t *host_tokens_CT,
                          const int *host_parent_C, const int *host_first_C, int C,
                          const hook *stop, err *e)
{
    f->made = NOTHING_RUN;
    f->kept.valid = false;
    err_code rc = check_parent(f, parent, stop, e);
    if (!rc)
        rc = forward_check_stop(f, stop, e);
    if (!rc)
        rc = pack(f, parent, host_tokens_CT, host_parent_C, host_first_C, C, e);
    if (rc)
        return rc;
    f->r.be->upload(f->r.be, f->children_3C, f->host_children_3C,
                    3 * (size_t)C * sizeof *f->children_3C);
    f->r.children = (attention_children){.C = C,
                                         .parent_C = f->children_3C,
                                         .first_C = f->children_3C + C,
                                         .start_C = f->children_3C + 2 * (size_t)C};
    f->r.parents = parent->blocks;
    return forward_run(f, f->host_tokens_N, NULL, stop, e);
}
