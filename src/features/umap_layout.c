/* UMAP's stochastic gradient descent. Entry (row, column) of weight w is drawn every max(w) / w
 * epochs.
 *
 * In umap-learn a draw moves both ends of the entry towards each other and then pushes one away
 * from random rows, and every step sees the one before. The graph is symmetric, so that in the time
 * of one draw a row is attracted twice, once by its own entry and once as the other's end. Here
 * both attractions belong to the row's own entry, and the others stand where they stood before the
 * epoch. Then rows do not depend on each other within an epoch: threads and lanes of vectors share
 * them, and the map is the same for any number of threads. (Nolet et al. 2021 move the rows of an
 * epoch at once on a GPU.) Whom a row is attracted by last counts most, so it meets those that are
 * due in one order and then in the other. */
#include "base/memory.h"
#include "base/rng.h"
#include "features/umap_moves.h"
#include "features/umap_parts.h"
#include <string.h>

enum { ROWS_PER_TASK = 512 };

typedef struct layout {
    umap_field field;
    float *moved_NE; /* where rows are after the epoch */
    const umap_graph *graph;
    int negative_sample_rate, epoch;
    rng random;          /* of the epoch */
    float *every, *next; /* per entry: epochs between draws, epoch of the next */
    int *due; /* per entry two: around the middle of a row's, whom the row meets this epoch */
} layout;

/* A lane's way through its row's meetings. */
typedef struct walk {
    int row;               /* < 0: nothing to do */
    const int *next, *end; /* whom it meets next, and where that ends */
} walk;

/* Lists the columns of the row's entries that are due, from the last to the first and back; without
 * a branch, which could only guess. */
static void list_due(layout *s, walk *w, int row)
{
    const int *column = s->graph->column;
    const float *every = s->every;
    float *next = s->next, epoch = (float)s->epoch;
    int first = s->graph->start[row], end = s->graph->start[row + 1], n_due = 0;
    int *middle = s->due + first + end;
    for (int entry = first; entry < end; entry++) {
        int due = next[entry] <= epoch;
        middle[n_due] = middle[-1 - n_due] = column[entry];
        next[entry] += (float)due * every[entry];
        n_due += due;
    }
    w->next = middle - n_due;
    w->end = middle + n_due;
}

static void start_row(layout *s, walk *w, umap_lanes *lanes, int lane, int row)
{
    int n = s->field.n_components;
    rng random = rng_split(&s->random, (uint64_t)row);
    w->row = row;
    list_due(s, w, row);
    lanes->random[lane] = (uint32_t)rng_next(&random);
    for (int i = 0; i < n; i++)
        lanes->at[i][lane] = ROW(s->field.stood_NE, row, n)[i];
}

static void end_row(layout *s, walk *w, const umap_lanes *lanes, int lane)
{
    int n = s->field.n_components;
    for (int i = 0; i < n; i++)
        ROW(s->moved_NE, w->row, n)[i] = lanes->at[i][lane];
    w->row = -1;
}

/* Gives the lane the next row that meets anyone; after the last, *row is the block's end. */
static bool next_row(layout *s, walk *w, umap_lanes *lanes, int lane, int *row, int end)
{
    while (w->next == w->end) {
        if (w->row >= 0)
            end_row(s, w, lanes, lane);
        if (*row == end)
            return false;
        start_row(s, w, lanes, lane, (*row)++);
    }
    return true;
}

/* Every second meeting has the larger half of a draw's pushes. Lanes without a row meet whom they
 * met last, in vain. */
static void move_rows(void *context, int row, int end)
{
    layout *s = context;
    umap_lanes lanes = {0};
    walk walks[UMAP_LANES];
    for (int l = 0; l < UMAP_LANES; l++)
        walks[l] = (walk){.row = -1};
    for (int half = 0;; half = !half) {
        int busy = 0;
        for (int l = 0; l < UMAP_LANES; l++) {
            walk *w = &walks[l];
            if (w->next == w->end && !next_row(s, w, &lanes, l, &row, end))
                continue;
            lanes.other[l] = *w->next++;
            busy++;
        }
        if (!busy)
            return;
        umap_attract(&lanes, &s->field);
        umap_push(&lanes, &s->field, (s->negative_sample_rate + half) / 2);
    }
}

static void set_schedule(layout *s)
{
    int entries = s->graph->start[s->graph->n];
    float largest = 0;
    for (int i = 0; i < entries; i++)
        largest = s->graph->weight[i] > largest ? s->graph->weight[i] : largest;
    for (int i = 0; i < entries; i++)
        s->every[i] = s->next[i] = largest / s->graph->weight[i];
}

static err_code run_epochs(layout *s, float *y_NE, const umap_options *o, int n_epochs,
                           pool *workers, reporter *to, err *e)
{
    rng stream = rng_stream(o->seed, "umap");
    size_t bytes = (size_t)s->field.n * (size_t)s->field.n_components * sizeof *y_NE;
    progress shown = progress_start(to, "umap", n_epochs);
    for (s->epoch = 0; s->epoch < n_epochs; s->epoch++) {
        if (cancel_check(e))
            break;
        /* The first two epochs run at the full rate, as in umap-learn. */
        double elapsed = (double)(s->epoch > 0 ? s->epoch - 1 : 0) / n_epochs;
        s->field.rate = (float)(o->learning_rate * (1 - elapsed));
        s->random = rng_split(&stream, (uint64_t)s->epoch);
        pool_share(workers, s->field.n, ROWS_PER_TASK, move_rows, s);
        memcpy(y_NE, s->moved_NE, bytes);
        progress_step(&shown, s->epoch + 1, NULL);
    }
    progress_end(&shown);
    return cancel_check(e);
}

err_code umap_optimise(float *y_NE, const umap_graph *g, const umap_options *o, int n_epochs,
                       double a, double b, pool *workers, reporter *to, err *e)
{
    size_t entries = (size_t)g->start[g->n], cells = (size_t)g->n * (size_t)o->n_components;
    layout s = {.field = {.stood_NE = y_NE,
                          .n = g->n,
                          .n_components = o->n_components,
                          .a = (float)a,
                          .b = (float)b,
                          .repulsion = (float)o->repulsion_strength},
                .graph = g,
                .negative_sample_rate = o->negative_sample_rate};
    (void)((s.moved_NE = mem_array(cells, sizeof *s.moved_NE, "umap map", e)) &&
           (s.every = mem_array(entries, sizeof *s.every, "umap schedule", e)) &&
           (s.next = mem_array(entries, sizeof *s.next, "umap schedule", e)) &&
           (s.due = mem_array(2 * entries, sizeof *s.due, "umap schedule", e)));
    err_code code = s.due ? OK : e->code;
    if (!code) {
        set_schedule(&s);
        code = run_epochs(&s, y_NE, o, n_epochs, workers, to, e);
    }
    mem_free(s.moved_NE);
    mem_free(s.every);
    mem_free(s.next);
    mem_free(s.due);
    return code;
}
