/* UMAP's stochastic gradient descent. Entry (row, column) of weight w is drawn every max(w) / w
 * epochs: its two ends attract, then the column's end is pushed away from random rows. Entries are
 * taken row by row, as umap-learn takes them column by column (the graph is symmetric). */
#include "base/memory.h"
#include "base/rng.h"
#include "features/umap_parts.h"
#include <math.h>

#define STEP_MAX 4.0f /* gradients are clipped to it */

typedef struct layout {
    float *y_NE;
    const umap_graph *graph;
    int n_components, negative_sample_rate;
    float a, b, repulsion, rate;
    rng random;
    double *every, *next, *next_negative; /* per entry: epochs between draws, epochs of the next */
} layout;

static float clip(float x)
{
    return x > STEP_MAX ? STEP_MAX : x < -STEP_MAX ? -STEP_MAX : x;
}

/* Functions of n components are inlined where n is known to be 2, as it mostly is. */
#define INLINED __attribute__((always_inline)) static inline

INLINED float square_between(const float *p, const float *q, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++)
        sum += (p[i] - q[i]) * (p[i] - q[i]);
    return sum;
}

INLINED void attract(const layout *s, float *p, float *q, int n)
{
    float square = square_between(p, q, n);
    if (!(square > 0))
        return;
    float power = powf(square, s->b);
    float gradient = -2 * s->a * s->b * (power / square) / (s->a * power + 1);
    for (int i = 0; i < n; i++) {
        float step = s->rate * clip(gradient * (p[i] - q[i]));
        p[i] += step;
        q[i] -= step;
    }
}

INLINED void repel(const layout *s, float *p, const float *q, int n)
{
    float square = square_between(p, q, n);
    if (!(square > 0))
        return;
    float gradient =
        2 * s->repulsion * s->b / ((0.001f + square) * (s->a * powf(square, s->b) + 1));
    for (int i = 0; i < n; i++)
        p[i] += s->rate * clip(gradient * (p[i] - q[i]));
}

INLINED void draw_entry(layout *s, int row, int entry, int epoch, int n)
{
    float *p = ROW(s->y_NE, s->graph->column[entry], n);
    attract(s, p, ROW(s->y_NE, row, n), n);
    s->next[entry] += s->every[entry];
    if (s->negative_sample_rate == 0)
        return;
    double every = s->every[entry] / s->negative_sample_rate;
    int due = (int)((epoch - s->next_negative[entry]) / every);
    for (int i = 0; i < due; i++) {
        int other = (int)rng_below(&s->random, (uint32_t)s->graph->n);
        repel(s, p, ROW(s->y_NE, other, n), n);
    }
    s->next_negative[entry] += due * every;
}

INLINED void run_epoch_of(layout *s, int epoch, int n)
{
    const umap_graph *g = s->graph;
    for (int row = 0; row < g->n; row++)
        for (int entry = g->start[row]; entry < g->start[row + 1]; entry++)
            if (s->next[entry] <= epoch)
                draw_entry(s, row, entry, epoch, n);
}

static void run_epoch(layout *s, int epoch)
{
    if (s->n_components == 2)
        run_epoch_of(s, epoch, 2);
    else
        run_epoch_of(s, epoch, s->n_components);
}

static void set_schedule(layout *s)
{
    int entries = s->graph->start[s->graph->n];
    float largest = 0;
    for (int i = 0; i < entries; i++)
        largest = s->graph->weight[i] > largest ? s->graph->weight[i] : largest;
    for (int i = 0; i < entries; i++) {
        s->every[i] = (double)largest / (double)s->graph->weight[i];
        s->next[i] = s->every[i];
        s->next_negative[i] = s->negative_sample_rate ? s->every[i] / s->negative_sample_rate : 0;
    }
}

static err_code run_epochs(layout *s, int n_epochs, double learning_rate, reporter *to, err *e)
{
    progress shown = progress_start(to, "umap", n_epochs);
    for (int epoch = 0; epoch < n_epochs; epoch++) {
        if (cancel_check(e))
            break;
        /* The first two epochs run at the full rate, as in umap-learn. */
        double elapsed = (double)(epoch > 0 ? epoch - 1 : 0) / n_epochs;
        s->rate = (float)(learning_rate * (1 - elapsed));
        run_epoch(s, epoch);
        progress_step(&shown, epoch + 1, NULL);
    }
    progress_end(&shown);
    return cancel_check(e);
}

err_code umap_optimise(float *y_NE, const umap_graph *g, const umap_options *o, int n_epochs,
                       double a, double b, reporter *to, err *e)
{
    size_t entries = (size_t)g->start[g->n];
    rng stream = rng_stream(o->seed, "umap");
    layout s = {.y_NE = y_NE,
                .graph = g,
                .n_components = o->n_components,
                .negative_sample_rate = o->negative_sample_rate,
                .a = (float)a,
                .b = (float)b,
                .repulsion = (float)o->repulsion_strength,
                .random = rng_split(&stream, 1)};
    double *schedule = mem_array(entries * 3, sizeof *schedule, "umap schedule", e);
    if (!schedule)
        return e->code;
    s.every = schedule;
    s.next = schedule + entries;
    s.next_negative = schedule + 2 * entries;
    set_schedule(&s);
    err_code code = run_epochs(&s, n_epochs, o->learning_rate, to, e);
    mem_free(schedule);
    return code;
}
