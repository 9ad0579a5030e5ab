/* Numbers as a page shows them. */
#include "site/show.h"
#include "base/str.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCORE_PLACES = 3 };

/* From here on numbers are powers of ten. */
static const double HUGE_VALUE = 1e7;

static void add_power(str *out, int power)
{
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char text[16];
    snprintf(text, sizeof text, "%d", power);
    str_add(out, "×10");
    for (const char *p = text; *p; p++)
        str_add(out, *p == '-' ? "⁻" : digits[*p - '0']);
}

/* "12345.6" to "12 345.6", "-3" to a true minus. */
static void add_grouped(str *out, const char *digits)
{
    if (*digits == '-') {
        str_add(out, "−");
        digits++;
    }
    size_t n = strspn(digits, "0123456789");
    for (size_t i = 0; digits[i]; i++) {
        if (i && i < n && (n - i) % 3 == 0 && n > 4)
            str_add(out, "\u202F");
        str_add_char(out, digits[i]);
    }
}

const char *show_number(arena *a, double value)
{
    str out = {0};
    char text[48];
    double size = fabs(value);
    if (!isfinite(value))
        return "–";
    if (value == floor(value) && size < HUGE_VALUE) {
        snprintf(text, sizeof text, "%.0f", value == 0 ? 0.0 : value);
    } else if (size < 1e-4 || size >= HUGE_VALUE) {
        snprintf(text, sizeof text, "%.2e", value);
        char *e = strchr(text, 'e');
        int power = (int)strtol(e + 1, NULL, 10);
        *e = '\0';
        add_grouped(&out, text);
        add_power(&out, power);
        return str_into(&out, a);
    } else {
        int whole =
            (int)floor(log10(size)) + 1; /* digits before the point; negative: zeros after */
        snprintf(text, sizeof text, "%.*f", whole >= 3 ? 0 : 3 - whole, value);
    }
    add_grouped(&out, text);
    return str_into(&out, a);
}

/* A true minus before the text of a negative value, but not before one that shows as zero. */
static const char *with_sign(arena *a, double value, const char *text)
{
    bool negative = value < 0 && strpbrk(text, "123456789");
    return arena_printf(a, "%s%s", negative ? "−" : "", text);
}

const char *show_count(arena *a, int64_t value)
{
    str out = {0};
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    add_grouped(&out, text);
    return str_into(&out, a);
}

/* Rounded to all or nothing, although it is not. */
static bool rounds_to_end(const char *text, double percent)
{
    return fabs(percent) < 100 && !strncmp(text, "100", 3);
}

const char *show_share(arena *a, double value)
{
    char text[32];
    double percent = value * 100;
    if (!isfinite(value))
        return "–";
    if (value == 0 || value == 1)
        return value == 0 ? "0%" : "100%";
    if (fabs(percent) < 0.01 || fabs(percent) >= HUGE_VALUE)
        return arena_printf(a, "%s%%", show_number(a, percent));
    snprintf(text, sizeof text, "%.*f%%", fabs(percent) < 10 ? 2 : 1, fabs(percent));
    if (rounds_to_end(text, percent))
        snprintf(text, sizeof text, "%.2f%%", fabs(percent));
    if (rounds_to_end(text, percent))
        return with_sign(a, percent, "above 99.99%");
    return with_sign(a, percent, text);
}

const char *show_ratio(arena *a, double value)
{
    char text[32];
    if (!isfinite(value))
        return "–";
    if (fabs(value) >= HUGE_VALUE)
        return arena_printf(a, "%s×", show_number(a, value));
    snprintf(text, sizeof text, "%.2f×", fabs(value));
    return with_sign(a, value, text);
}

const char *show_fixed(arena *a, double value, int places)
{
    str out = {0};
    char text[48];
    if (!isfinite(value))
        return "–";
    if (fabs(value) >= HUGE_VALUE)
        return show_number(a, value);
    snprintf(text, sizeof text, "%.*f", places, fabs(value));
    add_grouped(&out, text);
    return with_sign(a, value, str_into(&out, a));
}

const char *show_score(arena *a, double value)
{
    return fabs(value) < 10 ? show_fixed(a, value, SCORE_PLACES) : show_number(a, value);
}

/* Digits after the point that show `digits` significant ones of a value of this size. */
static int places_for(double size, int digits)
{
    if (!isfinite(size) || size == 0)
        return 0;
    int whole = (int)floor(log10(fabs(size))) + 1;
    return whole >= digits ? 0 : digits - whole;
}

int show_places(double largest, double step)
{
    enum { MOST = 6 };
    int places = places_for(largest, 3), finer = places_for(step, 2);
    places = finer > places ? finer : places;
    return places < MOST ? places : MOST;
}

const char *show_figure(arena *a, const char *unit, const char *better, double value)
{
    if (!strcmp(unit, "share"))
        return show_share(a, value);
    if (!strcmp(unit, "ratio"))
        return show_ratio(a, value);
    return (!*unit && *better) || !strcmp(unit, "nats") ? show_score(a, value)
                                                        : show_number(a, value);
}
