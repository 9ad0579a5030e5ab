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

/* Method page: blocks lm-loss, lm-rate; sae-loss, sae-l0, sae-variance, sae-dead; concepts. */
err_code draw_lm_training(page *p, bool *drawn, err *e);
err_code draw_sae_training(page *p, bool *drawn, err *e);
err_code draw_concepts(page *p, bool *drawn, err *e);

/* Feature page: blocks loss, activation, penalties; positions; histogram,
 * log-histogram; position-density, position-mean. */
err_code draw_optimisation(page *p, const record_target *t, bool *drawn, err *e);
err_code draw_positions(page *p, const record_target *t, bool *drawn, err *e);
err_code draw_histograms(page *p, const record_target *t, bool *drawn, err *e);
err_code draw_position_profile(page *p, const record_target *t, bool *drawn, err *e);

/* Feature page, the search for real tokens: blocks chain; front; curve. */
err_code draw_chain(page *p, const record_target *t, err *e);
err_code draw_front(page *p, const record_target *t, bool *drawn, err *e);
err_code draw_search_curve(page *p, const record_target *t, bool *drawn, err *e);
/* Feature page, what it does to the output: block logits. */
err_code draw_logits(page *p, const record_target *t, bool *drawn, err *e);
/* Run page, the search over all targets: blocks ratios, warm-ratios, cold-ratios. */
err_code draw_search_summary(page *p, bool *drawn, err *e);

/* Run page: blocks rule-f1; rule-density. */
err_code draw_rules(page *p, bool *reached, bool *density, err *e);

/* Cluster page: block activity, row `index` of the matrix. Drawn inside the page, without files of
 * its own: there may be many clusters. In Markdown it is the run page's chart of all clusters. */
bool draw_activity(page *p, int index);

#endif
