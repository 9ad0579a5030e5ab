/* Euclidean and cosine distances in double. The sums run in LANES parallel strands that are joined
 * in a fixed order: the compiler can vectorise that without being allowed to reorder anything. */
#include "features/distance.h"
#include "base/memory.h"
#include "base/progress.h"
#include <math.h>
#include <string.h>

enum {
    LANES = 16,
    SPARSE = 3, /* at most one entry in so many is not 0: then lists of them are faster */
    TASKS = 16, /* enough to share out, few enough that their buffers stay small */
    TILE = 8    /* rows that walk all others together while these are in cache */
};

static double join_lanes(const double lane[LANES])
{
    double sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += lane[i];
    return sum;
}

double square_distance(const float *a_D, const float *b_D, int d)
{
    double lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= d; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double difference = (double)a_D[i + k] - (double)b_D[i + k];
            lane[k] += difference * difference;
        }
    for (; i < d; i++) {
        double difference = (double)a_D[i] - (double)b_D[i];
        lane[i % LANES] += difference * difference;
    }
    return join_lanes(lane);
}

double square_distance_to(const double *a_D, const float *b_D, int d)
{
    double lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= d; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double difference = a_D[i + k] - (double)b_D[i + k];
            lane[k] += difference * difference;
        }
    for (; i < d; i++) {
        double difference = a_D[i] - (double)b_D[i];
        lane[i % LANES] += difference * difference;
    }
    return join_lanes(lane);
}

double dot_product(const float *a_D, const float *b_D, int d)
{
    double lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= d; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += (double)a_D[i + k] * (double)b_D[i + k];
    for (; i < d; i++)
        lane[i % LANES] += (double)a_D[i] * (double)b_D[i];
    return join_lanes(lane);
}

double dot_product_with(const double *a_D, const float *b_D, int d)
{
    double lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= d; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += a_D[i + k] * (double)b_D[i + k];
    for (; i < d; i++)
        lane[i % LANES] += a_D[i] * (double)b_D[i];
    return join_lanes(lane);
}

const char *metric_name(metric m)
{
    return m == METRIC_COSINE ? "cosine" : "euclidean";
}

static size_t count_entries(size_t *start_D, const points *p)
{
    for (int i = 0; i < p->n; i++)
        for (int j = 0; j < p->d; j++)
            start_D[j + 1] += ROW(p->x_ND, i, p->d)[j] != 0;
    for (int j = 0; j < p->d; j++)
        start_D[j + 1] += start_D[j];
    return start_D[p->d];
}

static void fill_columns(column_lists *lists, const points *p)
{
    size_t *next_D = mem_small((size_t)p->d, sizeof *next_D);
    memcpy(next_D, lists->start_D, (size_t)p->d * sizeof *next_D);
    for (int i = 0; i < p->n; i++)
        for (int j = 0; j < p->d; j++) {
            float x = ROW(p->x_ND, i, p->d)[j];
            if (x != 0) {
                lists->row[next_D[j]] = i;
                lists->value[next_D[j]++] = x;
            }
        }
    mem_free(next_D);
}

static void columns_release(column_lists *lists)
{
    mem_free(lists->start_D);
    mem_free(lists->row);
    mem_free(lists->value);
    *lists = (column_lists){0};
}

/* Leaves the lists empty when the rows are not sparse. */
static err_code list_columns(points *p, err *e)
{
    column_lists lists = {.start_D = mem_small((size_t)p->d + 1, sizeof *lists.start_D)};
    size_t entries = count_entries(lists.start_D, p);
    if (entries > (size_t)p->n * (size_t)p->d / SPARSE) {
        columns_release(&lists);
        return OK;
    }
    lists.row = mem_array(entries, sizeof *lists.row, "entries by column", e);
    lists.value =
        lists.row ? mem_array(entries, sizeof *lists.value, "entries by column", e) : NULL;
    if (!lists.value) {
        columns_release(&lists);
        return e->code;
    }
    fill_columns(&lists, p);
    p->columns = lists;
    return OK;
}

err_code points_init(points *out, const float *x_ND, int n, int d, metric m, const char *who,
                     err *e)
{
    *out = (points){.x_ND = x_ND, .n = n, .d = d, .metric = m};
    if (n < 1 || d < 1)
        return err_set(e, E_DATA, "%s: a matrix of %d rows and %d columns has nothing to work with",
                       who, n, d);
    double *square_N = mem_array((size_t)n, sizeof *square_N, "squared lengths", e);
    if (!square_N)
        return e->code;
    for (int i = 0; i < n; i++) {
        const float *x_D = ROW(x_ND, i, d);
        for (int j = 0; j < d; j++)
            if (!isfinite(x_D[j])) {
                mem_free(square_N);
                return err_set(e, E_NUMERIC,
                               "%s: row %d, column %d is %s; only finite numbers can "
                               "be compared",
                               who, i, j, isnan(x_D[j]) ? "NaN" : "infinite");
            }
        square_N[i] = dot_product(x_D, x_D, d);
    }
    out->square_N = square_N;
    if (m == METRIC_COSINE && list_columns(out, e)) {
        points_release(out);
        return e->code;
    }
    return OK;
}

void points_release(points *p)
{
    mem_free(p->square_N);
    columns_release(&p->columns);
    *p = (points){0};
}

/* sqrt(s * s) == s exactly, so a row is exactly 0 from its copies under cosine too. */
static double cosine_distance(const points *p, int i, int j, double dot)
{
    double squares = p->square_N[i] * p->square_N[j];
    if (!(squares > 0))
        return p->square_N[i] > 0 || p->square_N[j] > 0 ? 1 : 0;
    double distance = 1 - dot / sqrt(squares);
    return distance < 0 ? 0 : distance > 2 ? 2 : distance;
}

double points_distance(const points *p, int i, int j)
{
    const float *a_D = ROW(p->x_ND, i, p->d), *b_D = ROW(p->x_ND, j, p->d);
    if (p->metric == METRIC_COSINE)
        return cosine_distance(p, i, j, dot_product(a_D, b_D, p->d));
    return sqrt(square_distance(a_D, b_D, p->d));
}

/* ---- all distances of a row --------------------------------------------------------------- */

/* dot_product() with every row, strand by strand in the order in which join_lanes() adds them: what
 * is left out are products that are 0, so every sum is the same to the bit. lane_N is 0 before and
 * after. */
static void sparse_dots(double *dot_N, double *lane_N, const points *p, int i)
{
    const float *x_D = ROW(p->x_ND, i, p->d);
    const column_lists *lists = &p->columns;
    memset(dot_N, 0, (size_t)p->n * sizeof *dot_N);
    for (int lane = 0; lane < LANES; lane++) {
        for (int j = lane; j < p->d; j += LANES)
            for (size_t k = lists->start_D[j]; x_D[j] != 0 && k < lists->start_D[j + 1]; k++)
                lane_N[lists->row[k]] += (double)x_D[j] * (double)lists->value[k];
        for (int r = 0; r < p->n; r++) {
            dot_N[r] += lane_N[r];
            lane_N[r] = 0;
        }
    }
}

static void sparse_rows(double *distance_RN, double *lane_N, const points *p, int first, int rows)
{
    for (int i = first; i < first + rows; i++) {
        double *distance_N = ROW(distance_RN, i - first, p->n);
        sparse_dots(distance_N, lane_N, p, i);
        for (int j = 0; j < p->n; j++)
            distance_N[j] = cosine_distance(p, i, j, distance_N[j]);
    }
}

static void dense_rows(double *distance_RN, const points *p, int first, int rows)
{
    for (int j = 0; j < p->n; j++)
        for (int r = 0; r < rows; r++)
            ROW(distance_RN, r, p->n)[j] = points_distance(p, first + r, j);
}

typedef struct walk {
    const points *p;
    row_visitor *visit;
    void *context;
    double *buffer; /* per task: TILE rows of distances and one strand */
} walk;

static void walk_task(void *context, int block)
{
    const walk *w = context;
    const points *p = w->p;
    double *distance_RN = ROW(w->buffer, (size_t)block * (TILE + 1), p->n);
    double *lane_N = ROW(distance_RN, TILE, p->n);
    for (int first = block * TILE; first < p->n && !cancel_requested(); first += TASKS * TILE) {
        int rows = p->n - first < TILE ? p->n - first : TILE;
        if (p->columns.start_D)
            sparse_rows(distance_RN, lane_N, p, first, rows);
        else
            dense_rows(distance_RN, p, first, rows);
        for (int r = 0; r < rows; r++)
            w->visit(w->context, first + r, ROW(distance_RN, r, p->n));
    }
}

err_code points_each_row(const points *p, row_visitor *visit, void *context, pool *workers, err *e)
{
    walk w = {.p = p, .visit = visit, .context = context};
    size_t cells = (size_t)p->n * (TILE + 1) * TASKS;
    w.buffer = mem_array(cells, sizeof *w.buffer, "rows of distances", e);
    if (!w.buffer)
        return e->code;
    pool_run(workers, TASKS, walk_task, &w);
    mem_free(w.buffer);
    return cancel_check(e);
}
