/* Some of the rows, packed: what is made of them needs no more than those. */
#include "base/memory.h"
#include "invert/optimiser.h"

enum { NEAREST_EVERY = 10 }; /* steps between looks at which token is nearest */

bool optimiser_is_due(const optimiser *p, const slot *s)
{
    return optimiser_is(p, FREE_ORIGINAL) || s->step % NEAREST_EVERY == 0;
}

static bool is_listed(const optimiser *p, const slot *s, row_choice choice)
{
    return choice == FREE_POSITIONS || (choice == DUE_POSITIONS && optimiser_is_due(p, s)) ||
           (choice == FINISHED_POSITIONS && optimiser_has_ended(s));
}

int optimiser_list(optimiser *p, row_choice choice)
{
    int n = 0, N = p->n_slots * p->T;
    for (int row = 0; row < N; row++)
        p->host_place_N[row] = -1;
    for (int b = 0; b < p->n_slots; b++) {
        const optimise_job *job = p->slots[b].job;
        int first = choice == FREE_POSITIONS ? job->frozen : 0;
        for (int i = first; i < job->length && is_listed(p, &p->slots[b], choice); i++) {
            size_t row = optimiser_row(p, b, i);
            p->host_place_N[row] = n;
            p->host_list_N[n++] = (int32_t)row;
        }
    }
    if (n == 0)
        return 0;
    p->be->upload(p->be, p->list_N, p->host_list_N, (size_t)n * sizeof *p->list_N);
    p->be->upload(p->be, p->place_N, p->host_place_N, (size_t)N * sizeof *p->place_N);
    return n;
}

void optimiser_pack(optimiser *p, float *packed_ND, const float *x_ND, int n)
{
    p->be->gather_rows(p->be, packed_ND, x_ND, NUMBER_F32, p->list_N, 1, n, p->n_slots * p->T,
                       p->D);
}

void optimiser_unpack(optimiser *p, float *x_ND, const float *packed_ND, int n)
{
    p->be->gather_rows(p->be, x_ND, packed_ND, NUMBER_F32, p->place_N, 1, p->n_slots * p->T, n,
                       p->D);
}

void optimiser_transform(optimiser *p, bool gradient)
{
    int n = optimiser_list(p, FREE_POSITIONS);
    float *to = gradient ? p->d_x_ND : p->x_ND;
    optimiser_pack(p, p->packed_ND, gradient ? p->d_x_ND : p->y_ND, n);
    if (gradient)
        whitening_gradient(p->packed2_ND, p->set->whitening, p->packed_ND, n);
    else
        whitening_points(p->packed2_ND, p->set->whitening, p->packed_ND, n);
    optimiser_unpack(p, to, p->packed2_ND, n);
}
