/* Charts of what a feature does to the output. */
#include "site/figures.h"
#include <string.h>

enum { HEIGHT = 320 };

/* The value of a list's last token: where the table begins. */
static double end_of(const record_effects *x, const char *list)
{
    double value = (double)NAN;
    for (int i = 0; i < x->n_tokens; i++)
        if (!strcmp(x->tokens[i].list, list))
            value = x->tokens[i].value;
    return value;
}

err_code draw_logits(page *p, const record_target *t, bool *drawn, err *e)
{
    const record_histogram *h = &t->effects.logits;
    reference_line markers[] = {{end_of(&t->effects, "lowers"), "lowered"},
                                {end_of(&t->effects, "raises"), "raised"}};
    *drawn = h->n_counts > 0;
    figure f = {.title = "What it adds to the logits",
                .kind = FIGURE_HISTOGRAM,
                .width = FIGURE_PANEL,
                .height = HEIGHT,
                .histogram = {.x = {.title = "logit less the mean"},
                              .y = {.title = "tokens", .integer = true, .log = true},
                              .edges = h->edges,
                              .counts = h->counts,
                              .n = h->n_counts,
                              .markers = markers,
                              .n_markers = 2}};
    return *drawn ? page_figure(p, "logits", &f, 1, e) : OK;
}
