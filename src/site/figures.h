/* The charts of the report, each from the record alone. They add blocks to the page and write their
 * files under fig/; a chart without data adds nothing and says so in *drawn. */
#ifndef SITE_FIGURES_H
#define SITE_FIGURES_H
#include "site/page.h"

/* Run page: blocks funnel, map, comparison, matrix, dictionary. */
err_code draw_funnel(page *p, err *e);
err_code draw_map(page *p, bool *drawn, err *e);
err_code draw_comparison(page *p, bool *drawn, err *e);
err_code draw_matrix(page *p, bool *drawn, err *e);
err_code draw_dictionary(page *p, err *e);

/* Method page: blocks lm; sae; concepts. */
err_code draw_lm_training(page *p, bool *drawn, err *e);
err_code draw_sae_training(page *p, bool *drawn, err *e);
err_code draw_concepts(page *p, bool *drawn, err *e);

/* What a chart of several panels holds. */
typedef struct panels {
    figure list[4];
    int n;
} panels;

/* Feature page: block free, the free vectors by position and over their restarts; block
 * activation, how strongly it fires and at which positions. */
err_code draw_free(page *p, const record_target *t, bool *bars, bool *curves, err *e);
err_code draw_activation(page *p, const record_target *t, bool *histograms, bool *profile, err *e);

/* Feature page, the search for real tokens: blocks chain; search (front and curve). */
err_code draw_chain(page *p, const record_target *t, err *e);
err_code draw_search(page *p, const record_target *t, bool *front, bool *curve, err *e);
/* Feature page, what it does to the output: block logits. */
err_code draw_logits(page *p, const record_target *t, bool *drawn, err *e);
/* Run page, the search over all targets: block ratios. */
err_code draw_search_summary(page *p, bool *drawn, err *e);

/* Run page: block rules, the F1 of all and, where *density, against density. */
err_code draw_rules(page *p, bool *reached, bool *density, err *e);

/* Cluster page: block matrix, row `index` of it. Drawn inside the page, without files of its own:
 * there may be many clusters. In Markdown it is the run page's chart of all clusters. */
bool draw_activity(page *p, int index);

#endif
