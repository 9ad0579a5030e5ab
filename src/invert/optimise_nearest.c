/* Which tokens the running inputs are nearest to, and whitened coordinates: what some of the rows
 * go through, packed, and back to their places. */
#include "base/memory.h"
#include "invert/optimiser.h"
#include <string.h>

enum { NEAREST_EVERY = 10 }; /* steps between looks at which token is nearest */

/* ---- packing ------------------------------------------------------------------------------------
 */

static bool nearest_is_due(const slot *s, free_mode mode)
{
    return mode == FREE_ORIGINAL || s->step % NEAREST_EVERY == 0;
}

typedef enum { DUE_POSITIONS, FREE_POSITIONS } row_choice;

/* Lists the rows of the positions that are due for a look, or of the free ones of all slots, in
 * list_N, and the place of every row in it, -1 for others, in place_N. How many. */
static int list_rows(optimiser *p, row_choice choice)
{
    int n = 0, N = p->n_slots * p->T;
    for (int row = 0; row < N; row++)
        p->host_place_N[row] = -1;
    for (int b = 0; b < p->n_slots; b++) {
        const slot *s = &p->slots[b];
        if (choice == DUE_POSITIONS && !nearest_is_due(s, p->o->mode))
            continue;
        for (int i = choice == FREE_POSITIONS ? s->job->frozen : 0; i < s->job->length; i++) {
            size_t row = optimiser_row(p, b, i);
            p->host_place_N[row] = n;
            p->host_list_N[n++] = (int32_t)row;
        }
    }
    p->be->upload(p->be, p->list_N, p->host_list_N, (size_t)n * sizeof *p->list_N);
    p->be->upload(p->be, p->place_N, p->host_place_N, (size_t)N * sizeof *p->place_N);
    return n;
}

/* Of the last list_rows(). */
static void pack(optimiser *p, float *packed_ND, const float *x_ND, int n)
{
    p->be->gather_rows(p->be, packed_ND, x_ND, NUMBER_F32, p->list_N, 1, n, p->n_slots * p->T,
                       p->D);
}

static void unpack(optimiser *p, float *x_ND, const float *packed_ND, int n)
{
    p->be->gather_rows(p->be, x_ND, packed_ND, NUMBER_F32, p->place_N, 1, p->n_slots * p->T, n,
                       p->D);
}

/* ---- nearest tokens -----------------------------------------------------------------------------
 */

static void whiten_nearest(void *context, int i)
{
    const optimiser *p = context;
    float *y_D = ROW(p->host_rows, i, p->D);
    token_table_row(y_D, p->set->table, p->host_ids_N[i]);
    whitening_inverse(y_D, p->set->whitening, y_D);
}

/* The tokens just found are where the listed rows are drawn to. */
static void place_targets(optimiser *p, int n)
{
    pool_run(p->be->pool, n, whiten_nearest, p);
    p->be->upload(p->be, p->packed_ND, p->host_rows, (size_t)n * (size_t)p->D * sizeof(float));
    unpack(p, p->target_ND, p->packed_ND, n);
}

static void keep_nearest(optimiser *p)
{
    int n = 0;
    for (int b = 0; b < p->n_slots; b++) {
        slot *s = &p->slots[b];
        if (!nearest_is_due(s, p->o->mode))
            continue;
        memcpy(s->nearest_L, p->host_ids_N + n, (size_t)s->job->length * sizeof *s->nearest_L);
        n += s->job->length;
    }
}

err_code optimiser_refresh_nearest(optimiser *p, err *e)
{
    int n = list_rows(p, DUE_POSITIONS);
    if (n == 0)
        return OK;
    const token_table *table = p->set->table;
    bool whitened = optimiser_is(p, FREE_WHITENED);
    pack(p, p->packed_ND, p->x_ND, n);
    err_code rc = token_table_rank(p->host_ids_N, NULL, table, p->packed_ND, n, 1,
                                   whitened ? BY_DISTANCE : BY_COSINE, e);
    if (rc)
        return rc;
    keep_nearest(p);
    p->be->upload(p->be, p->list_N, p->host_ids_N, (size_t)n * sizeof *p->list_N);
    token_table_place(p->packed_ND, table, p->list_N, n);
    unpack(p, p->nearest_ND, p->packed_ND, n);
    if (whitened && p->o->pull > 0)
        place_targets(p, n);
    return OK;
}

/* ---- whitened coordinates -----------------------------------------------------------------------
 */

void optimiser_transform(optimiser *p, bool gradient)
{
    int n = list_rows(p, FREE_POSITIONS);
    float *to = gradient ? p->d_x_ND : p->x_ND;
    pack(p, p->packed_ND, gradient ? p->d_x_ND : p->y_ND, n);
    if (gradient)
        whitening_gradient(p->packed2_ND, p->set->whitening, p->packed_ND, n);
    else
        whitening_points(p->packed2_ND, p->set->whitening, p->packed_ND, n);
    unpack(p, to, p->packed2_ND, n);
}
