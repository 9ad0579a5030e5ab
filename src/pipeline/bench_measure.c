/* One path at three sizes, as a row of the table or of the JSON. */
#include "base/memory.h"
#include "base/progress.h"
#include "pipeline/bench.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Half, whole and double size; the whole is run again until it has taken this long. */
enum { SIZES = 3, WHOLE = 1, REPEATS = 5 };
static const double SCALES[SIZES] = {0.5, 1, 2};
static const double LONG_ENOUGH = 3, PEAK_SECONDS = 0.15;

typedef struct row {
    const bench_path *path;
    bench_work work[SIZES];
    double peak, memory, growth;
} row;

bool bench_wants(const bench *b, const char *name)
{
    return !b->only || !strcmp(b->only, name);
}

bool bench_wants_shape(const bench *b, const char *shape)
{
    return !b->shape || strstr(shape, b->shape);
}

static err_code run_size(bench_work *best, const bench *b, const bench_path *p, int size, err *e)
{
    double scale = SCALES[size] * (b->quick ? 0.25 : 1), total = 0;
    int most = size == WHOLE && !b->quick ? REPEATS : 1;
    err_code rc = OK;
    for (int i = 0; i < most && total < LONG_ENOUGH && !rc; i++) {
        bench_work w = {0};
        rc = p->run(&w, p->context, scale, e);
        total += w.seconds;
        if (i == 0 || w.seconds < best->seconds)
            *best = w;
        if (!rc)
            rc = cancel_check(e);
    }
    return rc;
}

void bench_header(const bench *b)
{
    if (b->json)
        return;
    printf("%-9s %-34s %13s %-11s %9s %8s %9s %6s %8s %7s\n", "", "", "", "", "GFLOP", "GB",
           "GFLOP/s", "share", "memory", "growth");
}

static void print_row(const row *r)
{
    const bench_work *w = &r->work[WHOLE];
    char share[16] = "", rate[16] = "", unit[24];
    if (w->flops > 0) {
        snprintf(rate, sizeof rate, "%.1f", w->flops / w->seconds / 1e9);
        snprintf(share, sizeof share, "%.0f %%", 100 * w->flops / w->seconds / r->peak);
    }
    snprintf(unit, sizeof unit, "%s/s", r->path->unit);
    printf("%-9s %-34s %13.1f %-11s %9.2f %8.2f %9s %6s %5.0f MB %7.2f\n", r->path->name,
           r->path->shape, w->units / w->seconds, unit, w->flops / 1e9, w->bytes / 1e9, rate, share,
           r->memory / (1 << 20), r->growth);
    fflush(stdout);
}

static void add_json(cJSON *rows, const row *r)
{
    cJSON *o = json_add_object(rows, NULL);
    json_add_string(o, "path", r->path->name);
    json_add_string(o, "shape", r->path->shape);
    json_add_string(o, "unit", r->path->unit);
    const bench_work *w = &r->work[WHOLE];
    json_add_number(o, "units", w->units);
    json_add_number(o, "units_per_second", w->units / w->seconds);
    json_add_number(o, "flops", w->flops);
    json_add_number(o, "bytes", w->bytes);
    json_add_number(o, "flops_per_second", w->flops / w->seconds);
    json_add_number(o, "peak_flops_per_second", r->peak);
    json_add_number(o, "share_of_peak", w->flops / w->seconds / r->peak);
    json_add_number(o, "memory_bytes", r->memory);
    json_add_number(o, "seconds_half", r->work[0].seconds);
    json_add_number(o, "seconds", w->seconds);
    json_add_number(o, "seconds_double", r->work[2].seconds);
    json_add_number(o, "growth_exponent", r->growth);
}

err_code bench_measure(bench *b, const bench_path *p, err *e)
{
    row r = {.path = p};
    double before, after, held = 0;
    err_code rc = run_size(&r.work[0], b, p, 0, e);
    if (!rc)
        rc = bench_measure_peak(&before, b->backend, PEAK_SECONDS, e);
    if (!rc) {
        held = bench_memory_now();
        bench_memory_start();
        rc = run_size(&r.work[WHOLE], b, p, WHOLE, e);
        r.memory = bench_memory_most() - held;
    }
    if (!rc)
        rc = bench_measure_peak(&after, b->backend, PEAK_SECONDS, e);
    if (!rc)
        rc = run_size(&r.work[2], b, p, 2, e);
    if (rc)
        return rc;
    r.peak = before > after ? before : after;
    r.growth = log2(r.work[2].seconds / r.work[0].seconds) / 2;
    if (b->json)
        add_json(b->json, &r);
    else
        print_row(&r);
    return OK;
}
