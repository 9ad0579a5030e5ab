/* Where an axis has its ticks and what they say. */
#ifndef DRAW_TICKS_H
#define DRAW_TICKS_H
#include <stdbool.h>

enum { TICKS_MAX = 9, TICK_TEXT = 32, MINOR_MAX = 64 };

typedef struct ticks {
    int n;                            /* 1..TICKS_MAX; 2 or more unless low == high */
    double value[TICKS_MAX];          /* ascending, inside low..high */
    char label[TICKS_MAX][TICK_TEXT]; /* all different; same decimals; never "-0" */
    int n_minor;                      /* unlabelled ticks of a log axis */
    double minor[MINOR_MAX];
    int exponent; /* labels are to be multiplied by 10^exponent; 0: as they stand */
} ticks;

typedef enum { SCALE_LINEAR, SCALE_LOG, SCALE_INTEGER } scale_kind;

/* The range an axis shows for data from low to high: widened to something drawable when the data
 * are one value, not finite, or (log) not positive, so that *low < *high always holds after. */
void ticks_range(double *low, double *high, scale_kind kind);

/* At most `most` ticks (2..TICKS_MAX) for a range from ticks_range. The choice follows the terms of
 * Talbot, Lin and Hanrahan's extension of Wilkinson's algorithm (2010): round steps first, then a
 * count near five. */
void ticks_make(ticks *out, double low, double high, scale_kind kind, int most);

/* 10^n written with superscripts ("10\u207b\u00b3"). Needs TICK_TEXT bytes. */
void ticks_power_text(char *out, int n);

#endif
