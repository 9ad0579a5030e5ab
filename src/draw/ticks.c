/* Round tick steps for linear, integer and logarithmic axes. */
#include "draw/ticks.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ticks_range(double *low, double *high, scale_kind kind)
{
    bool is_log = kind == SCALE_LOG;
    double smallest = is_log ? 1e-290 : -1e290;
    if (!(*low <= *high) || !isfinite(*low) || !isfinite(*high) || *low < smallest) {
        *low = is_log ? 0.1 : 0;
        *high = is_log ? 10 : 1;
        return;
    }
    *high = fmin(*high, 1e290);
    *low = fmin(*low, 1e290);
    if (is_log) {
        if (*high / *low < 1.05) { /* nearly one value: show a decade around it */
            double middle = sqrt(*low) * sqrt(*high);
            *low = middle / 3;
            *high = middle * 3;
        }
        return;
    }
    double size = fmax(fabs(*low), fabs(*high));
    double least = kind == SCALE_INTEGER ? fmax(1, size * 1e-9) : fmax(size * 1e-9, 1e-290);
    if (*high - *low < least) {
        double half = kind == SCALE_INTEGER ? least : size > 0 ? fmax(size * 0.1, 1e-290) : 1;
        double middle = *low + (*high - *low) / 2;
        *low = middle - half;
        *high = middle + half;
    }
}

/* 10^n, exact where a double can be. */
static double power(int n)
{
    char text[16];
    snprintf(text, sizeof text, "1e%d", n);
    return strtod(text, NULL);
}

typedef struct step {
    int digits; /* 10, 20, 25 or 50: tenths of the leading digits */
    int exponent;
    double size, first; /* first: index of the first tick, as a whole number of steps */
    int n;
} step;

static step step_of(int digits, int exponent, double low, double high)
{
    step s = {.digits = digits, .exponent = exponent};
    s.size = exponent >= 0 ? digits * power(exponent) : digits / power(-exponent);
    double slack = 1e-9; /* a tick that rounding put just outside still counts */
    s.first = ceil(low / s.size - slack);
    double last = floor(high / s.size + slack);
    double n = last - s.first + 1;
    s.n = n < 0 ? 0 : n > 1000 ? 1000 : (int)n;
    return s;
}

/* Smaller is better: away from five ticks, and less round steps, cost. */
static double cost(const step *s, int most)
{
    double roundness = s->digits == 10 ? 0 : s->digits == 50 ? 0.15 : s->digits == 20 ? 0.2 : 0.55;
    double target = most < 5 ? most : 5;
    double count = fabs(log((s->n + 0.001) / target)) * 1.5;
    return roundness + count +
           (s->n < 2   ? 100
            : s->n < 4 ? 1
                       : 0) +
           (s->n > most ? 1000 + s->n : 0);
}

static step best_step(double low, double high, scale_kind kind, int most)
{
    static const int DIGITS[] = {10, 20, 25, 50};
    int middle = (int)floor(log10(high - low));
    step best = {0};
    double best_cost = DBL_MAX;
    for (int e = middle - 3; e <= middle + 1; e++)
        for (int d = 0; d < 4; d++) {
            int exponent = e - 1; /* digits carry a factor of ten */
            if (kind == SCALE_INTEGER && (exponent < -1 || (exponent == -1 && DIGITS[d] == 25)))
                continue;
            step s = step_of(DIGITS[d], exponent, low, high);
            double c = cost(&s, most);
            if (c < best_cost) {
                best_cost = c;
                best = s;
            }
        }
    return best;
}

/* "12000" as "12k" when every label of the axis ends in the same zeros. */
static void integer_labels(ticks *t)
{
    double largest = 0;
    for (int i = 0; i < t->n; i++)
        largest = fmax(largest, fabs(t->value[i]));
    double unit = largest >= 1e6 ? 1e6 : largest >= 1e4 ? 1e3 : 1;
    const char *suffix = largest >= 1e6 ? "M" : largest >= 1e4 ? "k" : "";
    int decimals = 0;
    for (; decimals < 6; decimals++) {
        bool exact = true;
        for (int i = 0; i < t->n; i++) {
            double scaled = t->value[i] / unit * power(decimals);
            exact = exact && fabs(scaled - floor(scaled + 0.5)) < 1e-6;
        }
        if (exact)
            break;
    }
    for (int i = 0; i < t->n; i++)
        if (t->value[i] == 0)
            snprintf(t->label[i], TICK_TEXT, "0");
        else
            snprintf(t->label[i], TICK_TEXT, "%.*f%s", decimals, t->value[i] / unit, suffix);
}

/* Labels with the decimals the step needs; very large or small ones share a power of ten. */
static void linear_labels(ticks *t, const step *s)
{
    double largest = 0;
    for (int i = 0; i < t->n; i++)
        largest = fmax(largest, fabs(t->value[i]));
    int lowest = s->exponent + (s->digits == 25 ? 0 : 1); /* power of ten of the last digit shown */
    int highest = largest > 0 ? (int)floor(log10(largest) + 1e-9) : 0;
    if (highest >= 6 || highest < -3)
        t->exponent = highest;
    int decimals = t->exponent - lowest > 0 ? t->exponent - lowest : 0;
    /* From whole step numbers, not from rounded values: 3 * 25 stays exact for any exponent. */
    for (int i = 0; i < t->n; i++) {
        double whole = (s->first + i) * s->digits;
        int shift = s->exponent - t->exponent;
        double shown = shift >= 0 ? whole * power(shift) : whole / power(-shift);
        snprintf(t->label[i], TICK_TEXT, "%.*f", decimals, shown == 0 ? 0.0 : shown);
    }
}

static void linear_ticks(ticks *out, double low, double high, scale_kind kind, int most)
{
    step s = best_step(low, high, kind, most);
    out->n = s.n < TICKS_MAX ? s.n : TICKS_MAX;
    for (int i = 0; i < out->n; i++) {
        double index = s.first + i;
        double value = index == 0 ? 0 : index * s.size;
        out->value[i] = fmin(fmax(value, low), high);
    }
    if (kind == SCALE_INTEGER)
        integer_labels(out);
    else
        linear_labels(out, &s);
}

void ticks_power_text(char *out, int n)
{
    static const char *const SUPERSCRIPTS[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                               "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    char digits[16];
    snprintf(digits, sizeof digits, "%d", n < 0 ? -n : n);
    int used = snprintf(out, TICK_TEXT, "10%s", n < 0 ? "\u207b" : "");
    for (const char *d = digits; *d && used < TICK_TEXT; d++)
        used += snprintf(out + used, (size_t)(TICK_TEXT - used), "%s", SUPERSCRIPTS[*d - '0']);
}

static bool inside(double value, double low, double high)
{
    return value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
}

static void add_minor(ticks *t, double value, double low, double high)
{
    if (inside(value, low, high) && t->n_minor < MINOR_MAX)
        t->minor[t->n_minor++] = value;
}

static void log_label(char *out, double value, bool plain)
{
    if (plain)
        snprintf(out, TICK_TEXT, "%.10g", value);
    else
        ticks_power_text(out, (int)floor(log10(value) + 0.5));
}

/* Labels 1, 2 and 5 of each decade when that gives a readable number of ticks. */
static bool few_decades(ticks *out, double low, double high, int first, int last, int most)
{
    static const int STEPS[] = {1, 2, 5};
    int n = 0;
    double value[TICKS_MAX];
    for (int e = first - 1; e <= last; e++)
        for (int k = 0; k < 3; k++)
            if (inside(STEPS[k] * power(e), low, high)) {
                if (n == TICKS_MAX)
                    return false;
                value[n++] = STEPS[k] * power(e);
            }
    if (n < 3 || n > most)
        return false;
    bool plain = low >= 1e-4 && high < 1e6;
    for (out->n = 0; out->n < n; out->n++) {
        out->value[out->n] = value[out->n];
        snprintf(out->label[out->n], TICK_TEXT, plain ? "%.10g" : "%.0e", value[out->n]);
    }
    return true;
}

static void log_ticks(ticks *out, double low, double high, int most)
{
    int first = (int)ceil(log10(low) - 1e-9), last = (int)floor(log10(high) + 1e-9);
    int decades = last - first + 1;
    if (decades <= 2 && few_decades(out, low, high, first, last, most))
        return;
    if (decades < 2) { /* less than a decade: round values between, at their log positions */
        linear_ticks(out, low, high, SCALE_LINEAR, most);
        return;
    }
    int every = (decades + most - 1) / most;
    bool plain = first >= -3 && last <= 4;
    /* Multiples of `every`, so that 10^0 keeps its label when the range moves. */
    for (int e = first; e <= last; e++) {
        double value = power(e);
        if (((e % every) + every) % every == 0 && out->n < TICKS_MAX) {
            out->value[out->n] = value;
            log_label(out->label[out->n++], value, plain);
        } else {
            add_minor(out, value, low, high);
        }
    }
    if (every == 1)
        for (int e = first - 1; e <= last; e++) {
            add_minor(out, 2 * power(e), low, high);
            add_minor(out, 5 * power(e), low, high);
        }
}

void ticks_make(ticks *out, double low, double high, scale_kind kind, int most)
{
    memset(out, 0, sizeof *out);
    if (kind == SCALE_LOG)
        log_ticks(out, low, high, most);
    else
        linear_ticks(out, low, high, kind, most);
}
