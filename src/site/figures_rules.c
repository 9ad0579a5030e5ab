/* Charts of how far the rules of a run hold. */
#include "base/memory.h"
#include "base/sort.h"
#include "site/figures.h"
#include "site/pages.h"
#include "site/show.h"
#include <string.h>

enum { HEIGHT = 340 };

/* Steps of the share of scores that reach at least x, for x from 0 to 1. Undefined ones are 0: such
 * a rule finds nothing. */
static line_series steps_of(arena *a, const record_score *const *list, int n, const char *name)
{
    double *f1 = arena_push(a, (size_t)n + 1, sizeof *f1);
    double *x = arena_push(a, 2 * (size_t)n + 2, sizeof *x);
    double *y = arena_push(a, 2 * (size_t)n + 2, sizeof *y);
    int points = 0;
    for (int i = 0; i < n; i++)
        f1[i] = isfinite(list[i]->f1.value) ? list[i]->f1.value : 0;
    sort_doubles(f1, (size_t)n);
    y[points++] = 1;
    for (int i = 0; i < n; i++) {
        x[points] = f1[i];
        y[points++] = (double)(n - i) / n;
        x[points] = f1[i];
        y[points++] = (double)(n - i - 1) / n;
    }
    x[points] = 1;
    y[points] = y[points - 1];
    return (line_series){.name = name, .x = x, .y = y, .n = points + 1, .weight = LINE_BOLD};
}

static figure f1_of(page *p, const record_score **list)
{
    static const struct {
        const char *of, *name;
    } shown[] = {{"rule", "rule"},
                 {"template", "sentence pattern"},
                 {"frequent tokens", "frequent tokens"},
                 {"other rule", "another's rule"},
                 {"shuffled", "shuffled"},
                 {"random direction", "random directions"}};
    line_series *series = arena_push(&p->memory, COUNT_OF(shown), sizeof *series);
    int n_series = 0;
    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        int n = rule_scores(list, p->site->r, shown[i].of);
        if (n)
            series[n_series++] = steps_of(&p->memory, list, n, shown[i].name);
    }
    return (figure){.name = "f1",
                    .title = "How many targets are explained how well",
                    .kind = FIGURE_LINE,
                    .width = FIGURE_PANEL,
                    .height = HEIGHT,
                    .line = {.x = {.title = "F1 on documents not used for fitting"},
                             .y = {.title = "share that reaches it", .include_zero = true},
                             .series = series,
                             .n_series = n_series}};
}

static figure density_of(page *p)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    char name[RECORD_NAME];
    size_t room = (size_t)r->n_targets + 1;
    double *x = arena_push(a, room, sizeof *x), *y = arena_push(a, room, sizeof *y);
    int n = 0;
    const char **names = arena_push(a, room, sizeof *names);
    for (int i = 0; i < r->n_targets; i++) {
        const record_target *t = &r->targets[i];
        const record_feature *f = record_find_feature(r, t->id);
        if (!isfinite(record_rule_f1(t)) || f->density <= 0)
            continue;
        x[n] = f->density;
        y[n] = record_rule_f1(t);
        names[n++] = arena_strdup(a, record_feature_name(name, r->run.sae.layer, t->id));
    }
    return (figure){.name = "density",
                    .title = "F1 against density",
                    .kind = FIGURE_SCATTER,
                    .width = FIGURE_PANEL,
                    .height = HEIGHT,
                    .scatter = {.x = {.title = "share of tokens it is active on", .log = true},
                                .y = {.title = "F1 of its rule", .include_zero = true},
                                .x_values = x,
                                .y_values = y,
                                .names = names,
                                .n = n}};
}

err_code draw_rules(page *p, bool *reached, bool *density, err *e)
{
    const record *r = p->site->r;
    size_t room = (size_t)r->n_targets + (size_t)r->rules.n_random + 1;
    const record_score **list = arena_push(&p->memory, room, sizeof *list);
    *density = false;
    *reached = rule_scores(list, r, "rule") > 0;
    if (!*reached)
        return OK;
    panels all = {.list = {f1_of(p, list), density_of(p)}, .n = 2};
    *density = all.list[1].scatter.n > 0;
    return page_figure(p, "rules", all.list, *density ? 2 : 1, e);
}
