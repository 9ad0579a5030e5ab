/* A short sorted array: fronts hold tens of points. */
#include "invert/front.h"
#include "base/memory.h"
#include <math.h>
#include <string.h>

const double FRONT_MOST_NATS = 9;

front front_new(int most, int length)
{
    front f = {.most = most, .length = length};
    f.points = mem_small((size_t)most + 1, sizeof *f.points);
    for (int i = 0; i <= most; i++)
        f.points[i].tokens = mem_small((size_t)length, sizeof(int32_t));
    return f;
}

void front_release(front *f)
{
    for (int i = 0; f->points && i <= f->most; i++)
        mem_free(f->points[i].tokens);
    mem_free(f->points);
    *f = (front){0};
}

bool front_wants(const front *f, float value, double cross_entropy)
{
    if (isnan(value) || isnan(cross_entropy))
        return false;
    for (int i = 0; i < f->n; i++)
        if (f->points[i].value >= value && f->points[i].cross_entropy <= cross_entropy)
            return false;
    return true;
}

/* Points keep their token arrays; the removed one's goes to the end. */
static void remove_at(front *f, int i)
{
    search_point gone = f->points[i];
    memmove(&f->points[i], &f->points[i + 1], (size_t)(f->n - 1 - i) * sizeof *f->points);
    f->points[--f->n] = gone;
}

/* What the front loses without point i: its own rectangle. */
static double share_of(const front *f, int i, double scale)
{
    double below = i > 0 ? fmax(0, (double)f->points[i - 1].value) : 0;
    double above = i + 1 < f->n ? f->points[i + 1].cross_entropy : FRONT_MOST_NATS;
    double height = fmax(0, (double)f->points[i].value - below) / scale;
    double width = fmin(above, FRONT_MOST_NATS) - f->points[i].cross_entropy;
    return height * fmax(0, width);
}

void front_thin(front *f, int most, double scale)
{
    while (f->n > most) {
        int least = 0;
        /* The strongest stays whatever its cross-entropy. */
        for (int i = 1; i < f->n - 1; i++)
            if (share_of(f, i, scale) < share_of(f, least, scale))
                least = i;
        remove_at(f, least);
    }
}

void front_add(front *f, const candidate *c, double scale)
{
    if (!front_wants(f, c->value, c->cross_entropy))
        return;
    for (int i = f->n - 1; i >= 0; i--)
        if (f->points[i].value <= c->value && f->points[i].cross_entropy >= c->cross_entropy)
            remove_at(f, i);
    int at = 0;
    while (at < f->n && f->points[at].value < c->value)
        at++;
    search_point room = f->points[f->n];
    memmove(&f->points[at + 1], &f->points[at], (size_t)(f->n - at) * sizeof *f->points);
    int32_t *tokens = room.tokens;
    memcpy(tokens, c->tokens_L, ((size_t)c->position + 1) * sizeof *tokens);
    f->points[at] = (search_point){.tokens = tokens,
                                   .length = c->position + 1,
                                   .value = c->value,
                                   .z = c->z,
                                   .activation = c->activation,
                                   .cross_entropy = c->cross_entropy,
                                   .start = c->start,
                                   .restart = c->restart};
    f->n++;
    front_thin(f, f->most, scale);
}

double front_hypervolume(const front *f, double scale)
{
    double total = 0, below = 0;
    for (int i = 0; i < f->n; i++) {
        double value = (double)f->points[i].value / scale;
        if (value <= below)
            continue;
        total += (value - below) * fmax(0, FRONT_MOST_NATS - f->points[i].cross_entropy);
        below = value;
    }
    return total;
}

const search_point *front_within(const front *f, double limit)
{
    const search_point *best = NULL;
    for (int i = 0; i < f->n; i++)
        if (f->points[i].cross_entropy <= limit)
            best = &f->points[i];
    return best;
}
