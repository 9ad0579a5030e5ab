/* Rows are seated one after another, each along the shortest path of swaps to a free column. Prices
 * on rows and columns keep every reduced cost, cost - row price - column price, at 0 or above and
 * those of seated pairs at 0, so that Dijkstra's search finds that path. */
#include "base/assignment.h"
#include "base/memory.h"
#include <math.h>
#include <stdbool.h>

/* Of at most as many rows as columns. */
typedef struct seating {
    const double *value_NM;
    int M;
    double *price_N, *price_M;
    int *column_of_N, *row_of_M; /* -1: not seated, free */
    double *distance_M;          /* from the row that is to be seated */
    int *before_M;               /* the row from which the path comes to a column */
    bool *reached_M;
} seating;

static double reduced_cost(const seating *s, int row, int column)
{
    return -ROW(s->value_NM, row, s->M)[column] - s->price_N[row] - s->price_M[column];
}

/* Looks from `row`, which is `far` away, and returns the nearest column not yet reached. */
static int look_from(seating *s, int row, double far)
{
    int nearest = -1;
    for (int j = 0; j < s->M; j++) {
        if (s->reached_M[j])
            continue;
        double distance = far + reduced_cost(s, row, j);
        if (distance < s->distance_M[j]) {
            s->distance_M[j] = distance;
            s->before_M[j] = row;
        }
        if (nearest < 0 || s->distance_M[j] < s->distance_M[nearest])
            nearest = j;
    }
    return nearest;
}

/* Every row of the path moves to the column after it. */
static void move_along(seating *s, int column)
{
    while (column >= 0) {
        int row = s->before_M[column], left = s->column_of_N[row];
        s->row_of_M[column] = row;
        s->column_of_N[row] = column;
        column = left;
    }
}

static void seat(seating *s, int first)
{
    int column = look_from(s, first, 0);
    while (s->row_of_M[column] >= 0) {
        s->reached_M[column] = true;
        column = look_from(s, s->row_of_M[column], s->distance_M[column]);
    }
    double far = s->distance_M[column];
    s->price_N[first] += far;
    for (int j = 0; j < s->M; j++)
        if (s->reached_M[j]) {
            s->price_M[j] -= far - s->distance_M[j];
            s->price_N[s->row_of_M[j]] += far - s->distance_M[j];
        }
    move_along(s, column);
}

static void seat_all(int *column_of_N, const double *value_NM, int N, int M)
{
    size_t n = (size_t)N, m = (size_t)M;
    seating s = {.value_NM = value_NM,
                 .M = M,
                 .price_N = mem_small(n, sizeof *s.price_N),
                 .price_M = mem_small(m, sizeof *s.price_M),
                 .column_of_N = column_of_N,
                 .row_of_M = mem_small(m, sizeof *s.row_of_M),
                 .distance_M = mem_small(m, sizeof *s.distance_M),
                 .before_M = mem_small(m, sizeof *s.before_M),
                 .reached_M = mem_small(m, sizeof *s.reached_M)};
    for (int i = 0; i < N; i++)
        column_of_N[i] = -1;
    for (int j = 0; j < M; j++)
        s.row_of_M[j] = -1;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < M; j++) {
            s.distance_M[j] = HUGE_VAL;
            s.reached_M[j] = false;
        }
        seat(&s, i);
    }
    mem_free(s.reached_M);
    mem_free(s.before_M);
    mem_free(s.distance_M);
    mem_free(s.row_of_M);
    mem_free(s.price_M);
    mem_free(s.price_N);
}

void assignment_maximise(int *column_of_N, const double *value_NM, int N, int M)
{
    if (N <= M) {
        seat_all(column_of_N, value_NM, N, M);
        return;
    }
    double *turned_MN = mem_small((size_t)N * (size_t)M, sizeof *turned_MN);
    int *row_of_M = mem_small((size_t)M, sizeof *row_of_M);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < M; j++)
            ROW(turned_MN, j, N)[i] = ROW(value_NM, i, M)[j];
    seat_all(row_of_M, turned_MN, M, N);
    for (int i = 0; i < N; i++)
        column_of_N[i] = -1;
    for (int j = 0; j < M; j++)
        column_of_N[row_of_M[j]] = j;
    mem_free(row_of_M);
    mem_free(turned_MN);
}
