/* Category labels: level if they fit, else upward, else position numbers. */
#include "draw/chart.h"
#include <math.h>
#include <stdio.h>

enum { UPWARD_MAX = 92, UPWARD_SLOT = 14 };

category_axis category_plan(const char *const *labels, int n, double width)
{
    category_axis a = {
        .labels = labels, .n = n, .slot = width / (n > 0 ? n : 1), .every = 1, .height = 20};
    double widest = 0;
    for (int i = 0; labels && i < n; i++)
        widest = fmax(widest, font_width(FONT_REGULAR, labels[i]));
    if (labels && widest + 6 <= a.slot)
        return a;
    if (labels && a.slot >= UPWARD_SLOT) {
        a.upward = true;
        a.height = fmin(widest, UPWARD_MAX) + 12;
        return a;
    }
    a.labels = NULL;
    char last[16];
    snprintf(last, sizeof last, "%d", n);
    static const int STEPS[] = {1, 2, 5};
    for (int power = 1; power < 100000000; power *= 10)
        for (int k = 0; k < 3; k++) {
            a.every = STEPS[k] * power;
            if (a.every * a.slot >= font_width(FONT_REGULAR, last) + 10)
                return a;
        }
    return a;
}

void category_draw(canvas *c, const frame *f, const category_axis *a)
{
    for (int i = 0; i < a->n; i += a->every) {
        double x = f->left + (i + 0.5) * a->slot;
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        str text = {0};
        font_fit(&text, FONT_REGULAR, a->labels ? a->labels[i] : number, UPWARD_MAX);
        if (a->upward)
            canvas_text_upward(c, x + 4, f->bottom + 7, ANCHOR_END, PAINT(INK_MUTED),
                               str_text(&text));
        else
            canvas_text(c, x, f->bottom + 17, ANCHOR_MIDDLE, FONT_REGULAR, PAINT(INK_MUTED),
                        str_text(&text));
        str_release(&text);
    }
}
