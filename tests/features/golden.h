/* Reads tests/features/golden/ (see export_golden.py) and compares with it. Tests run from the
 * repository root. */
#ifndef TESTS_FEATURES_GOLDEN_H
#define TESTS_FEATURES_GOLDEN_H
#include "test.h"
#include "base/memory.h"
#include "base/str.h"
#include "base/io.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One data set with its golden values. */
typedef struct golden {
    int n, d;
    float *x_ND;
    str values;
    const char *name;
} golden;

static inline void golden_text(str *out, const char *name, const char *kind)
{
    char path[128];
    err e = {0};
    snprintf(path, sizeof path, "tests/features/golden/%s.%s.txt", name, kind);
    if (io_read(out, path, 1 << 20, &e))
        fail_msg("%s", e.text);
}

static inline golden golden_open(const char *name)
{
    golden g = {.name = name};
    str data = {0};
    char *at;
    golden_text(&data, name, "data");
    golden_text(&g.values, name, "golden");
    g.n = (int)strtol(data.data, &at, 10);
    g.d = (int)strtol(at, &at, 10);
    double scale = strtod(at, &at);
    g.x_ND = mem_small((size_t)(g.n * g.d), sizeof *g.x_ND);
    for (int i = 0; i < g.n * g.d; i++)
        g.x_ND[i] = (float)(strtod(at, &at) / scale);
    str_release(&data);
    return g;
}

static inline void golden_close(golden *g)
{
    mem_free(g->x_ND);
    str_release(&g->values);
}

/* The values under a key, NULL when there is no such key. Owner: caller, mem_free(). */
static inline double *golden_find(const str *values, const char *key, int *n)
{
    size_t length = strlen(key);
    for (const char *line = values->data; line && *line; line = strchr(line, '\n') + 1) {
        if (strncmp(line, key, length) != 0 || line[length] != ' ')
            continue;
        char *at;
        *n = (int)strtol(line + length, &at, 10);
        double *found = mem_small((size_t)*n, sizeof *found);
        for (int i = 0; i < *n; i++)
            found[i] = strtod(at, &at);
        return found;
    }
    return NULL;
}

/* As golden_find, the key built from a format; a missing key or another count fails the test. */
static inline double *golden_need(const str *values, int expected, const char *key)
{
    int n = 0;
    double *found = golden_find(values, key, &n);
    if (!found || (expected >= 0 && n != expected))
        fail_msg("golden value %s: found %d values, expected %d", key, found ? n : -1, expected);
    return found;
}

static inline int *golden_ints(const str *values, int expected, const char *key)
{
    double *found = golden_need(values, expected, key);
    int *ints = mem_small((size_t)expected, sizeof *ints);
    for (int i = 0; i < expected; i++)
        ints[i] = (int)found[i];
    mem_free(found);
    return ints;
}

static inline const char *golden_key(char buf[96], const char *kind, int i, const char *what)
{
    snprintf(buf, 96, "%s.%d.%s", kind, i, what);
    return buf;
}

static inline void check_close(const char *what, const double *got, const double *want, int n,
                               double tolerance)
{
    for (int i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= tolerance * fmax(1, fabs(want[i]))))
            fail_msg("%s[%d]: %.9g, expected %.9g", what, i, got[i], want[i]);
}

static inline void check_value(const char *what, double got, double want, double tolerance)
{
    check_close(what, &got, &want, 1, tolerance);
}

static inline void check_labels(const char *what, const int *got, const int *want, int n)
{
    for (int i = 0; i < n; i++)
        if (got[i] != want[i])
            fail_msg("%s[%d]: label %d, expected %d", what, i, got[i], want[i]);
}

#endif
