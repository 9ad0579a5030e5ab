/* All cosines, then who is whose nearest, and the best pairing of all. */
#include "compare/decoders.h"
#include "base/assignment.h"
#include "base/memory.h"
#include "compare/parts.h"
#include <math.h>
#include <string.h>

static const char *missing_rows(const record *r, const char *which, arena *a)
{
    if (!r->n_targets)
        return arena_printf(a, "%s chose no feature.", which);
    if (r->targets[0].n_decoder)
        return NULL;
    return arena_printf(a,
                        "the files of %s (schema %d) do not hold the decoder rows of its features: "
                        "make the report again with this version.",
                        which, r->schema);
}

/* An autoencoder writes where it reads. */
static const char *written_hook(const record_sae *s)
{
    return *text_of(s->hook_out) ? s->hook_out : text_of(s->hook);
}

static const char *other_hooks(const record_sae *x, const record_sae *y, arena *a)
{
    bool read = strcmp(text_of(x->hook), text_of(y->hook)) != 0;
    const char *verb = read ? "reads" : "writes to";
    return arena_printf(a, "A %s %s but B %s %s, so that their decoder rows cannot be compared.",
                        verb, read ? text_of(x->hook) : written_hook(x), verb,
                        read ? text_of(y->hook) : written_hook(y));
}

const char *decoders_obstacle(const record *x, const record *y, bool same_model, bool same_hook,
                              arena *a)
{
    if (!same_model)
        return "decoder rows of two models cannot be compared, as each model has its own "
               "coordinates.";
    if (!same_hook)
        return other_hooks(&x->run.sae, &y->run.sae, a);
    const char *missing = missing_rows(x, "A", a);
    if (!missing)
        missing = missing_rows(y, "B", a);
    if (missing)
        return missing;
    int width_x = x->targets[0].n_decoder, width_y = y->targets[0].n_decoder;
    if (width_x != width_y)
        return arena_printf(a, "decoder rows have %d numbers in A and %d in B.", width_x, width_y);
    return NULL;
}

/* Rows of length 1 [n, D]; without a direction, or with a number that is none, all 0. */
static double *unit_rows(const record *r, int D, arena *scratch)
{
    double *rows = arena_push(scratch, (size_t)r->n_targets * (size_t)D, sizeof *rows);
    for (int i = 0; i < r->n_targets; i++) {
        const double *from = r->targets[i].decoder;
        double length = 0, *to = ROW(rows, i, D);
        for (int d = 0; d < D; d++)
            length = hypot(length, from[d]);
        for (int d = 0; d < D && length > 0 && isfinite(length); d++)
            to[d] = from[d] / length;
    }
    return rows;
}

static const double *all_cosines(const record *a, const record *b, arena *memory)
{
    int D = a->targets[0].n_decoder;
    arena scratch = {0};
    double *cosine_AB =
        arena_push(memory, (size_t)a->n_targets * (size_t)b->n_targets, sizeof *cosine_AB);
    const double *x_AD = unit_rows(a, D, &scratch), *y_BD = unit_rows(b, D, &scratch);
    for (int i = 0; i < a->n_targets; i++)
        for (int j = 0; j < b->n_targets; j++) {
            double sum = 0;
            for (int d = 0; d < D; d++)
                sum += ROW(x_AD, i, D)[d] * ROW(y_BD, j, D)[d];
            ROW(cosine_AB, i, b->n_targets)[j] = fmin(1, fmax(-1, sum));
        }
    arena_release(&scratch);
    return cosine_AB;
}

static double cosine_of(const decoder_match *m, int i, int other, bool second)
{
    return second ? ROW(m->cosine_AB, other, m->n_b)[i] : ROW(m->cosine_AB, i, m->n_b)[other];
}

/* -1: the other side has none. */
static int nearest_of(const decoder_match *m, int i, bool second)
{
    int nearest = -1;
    for (int other = 0; other < (second ? m->n_a : m->n_b); other++)
        if (nearest < 0 || cosine_of(m, i, other, second) > cosine_of(m, i, nearest, second))
            nearest = other;
    return nearest;
}

double decoders_nearest(const decoder_match *m, int i, bool second)
{
    int nearest = nearest_of(m, i, second);
    return nearest < 0 ? (double)NAN : cosine_of(m, i, nearest, second);
}

static void find_fellows(decoder_match *m, arena *memory)
{
    m->of_a = arena_push(memory, (size_t)m->n_a, sizeof *m->of_a);
    m->of_b = arena_push(memory, (size_t)m->n_b, sizeof *m->of_b);
    for (int j = 0; j < m->n_b; j++)
        m->of_b[j] = -1;
    for (int i = 0; i < m->n_a; i++) {
        int j = nearest_of(m, i, false);
        bool fellows =
            cosine_of(m, i, j, false) >= DECODER_LEAST_COSINE && nearest_of(m, j, true) == i;
        m->of_a[i] = fellows ? j : -1;
        m->n_fellows += fellows;
        if (fellows)
            m->of_b[j] = i;
    }
}

static double mean_of_best_pairing(const decoder_match *m)
{
    int *partner = mem_small((size_t)m->n_a, sizeof *partner), pairs = 0;
    double sum = 0;
    assignment_maximise(partner, m->cosine_AB, m->n_a, m->n_b);
    for (int i = 0; i < m->n_a; i++)
        if (partner[i] >= 0) {
            sum += cosine_of(m, i, partner[i], false);
            pairs++;
        }
    mem_free(partner);
    return pairs ? sum / pairs : (double)NAN;
}

void decoders_match(decoder_match *out, const record *a, const record *b, arena *memory)
{
    *out = (decoder_match){.n_a = a->n_targets, .n_b = b->n_targets};
    out->cosine_AB = all_cosines(a, b, memory);
    find_fellows(out, memory);
    out->mcc = mean_of_best_pairing(out);
}
