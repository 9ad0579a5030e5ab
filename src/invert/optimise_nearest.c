/* Which tokens the running inputs are nearest to. */
#include "base/memory.h"
#include "invert/optimiser.h"
#include <string.h>

static void whiten_nearest(void *context, int i)
{
    const optimiser *p = context;
    float *y_D = ROW(p->host_rows_ND, i, p->D);
    token_table_row(y_D, p->set->table, p->host_ids_N[i]);
    whitening_inverse(y_D, p->set->whitening, y_D);
}

/* The tokens just found are where the listed rows are drawn to. */
static void place_targets(optimiser *p, int n)
{
    pool_run(p->be->pool, n, whiten_nearest, p);
    p->be->upload(p->be, p->packed_ND, p->host_rows_ND, (size_t)n * (size_t)p->D * sizeof(float));
    optimiser_unpack(p, p->target_ND, p->packed_ND, n);
}

static void keep_nearest(optimiser *p)
{
    int n = 0;
    for (int b = 0; b < p->n_slots; b++) {
        slot *s = &p->slots[b];
        if (!optimiser_is_due(p, s))
            continue;
        memcpy(s->nearest_L, p->host_ids_N + n, (size_t)s->job->length * sizeof *s->nearest_L);
        n += s->job->length;
    }
}

err_code optimiser_refresh_nearest(optimiser *p, err *e)
{
    int n = optimiser_list(p, DUE_POSITIONS);
    if (n == 0)
        return OK;
    const token_table *table = p->set->table;
    bool whitened = optimiser_is(p, FREE_WHITENED);
    optimiser_pack(p, p->packed_ND, p->x_ND, n);
    err_code rc = token_table_rank(p->host_ids_N, NULL, table, p->packed_ND, n, 1,
                                   whitened ? BY_DISTANCE : BY_COSINE, e);
    if (rc)
        return rc;
    keep_nearest(p);
    p->be->upload(p->be, p->list_N, p->host_ids_N, (size_t)n * sizeof *p->list_N);
    token_table_place(p->packed_ND, table, p->list_N, n);
    optimiser_unpack(p, p->nearest_ND, p->packed_ND, n);
    if (whitened && p->o->pull > 0)
        place_targets(p, n);
    return OK;
}
