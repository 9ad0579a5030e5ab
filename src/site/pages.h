/* The pages of a report. Each function gathers one page's values (named in templates/README.md),
 * draws its figures and writes its files. */
#ifndef SITE_PAGES_H
#define SITE_PAGES_H
#include "site/page.h"
#include "site/tokens.h"

err_code page_run(const site *s, err *e);                /* index.html, README.md */
err_code page_method(const site *s, err *e);             /* method.html, method.md */
err_code page_times(const site *s, err *e);              /* volatile/ */
err_code page_features(const site *s, err *e);           /* features/index.html and its orders */
err_code page_feature(const site *s, int index, err *e); /* of record.targets */
err_code page_clusters(const site *s, err *e);           /* clusters/index.html */
err_code page_cluster(const site *s, int index, err *e); /* of record.clusters; with its page */
err_code page_shared_clusters(const site *s, err *e);    /* those without */

/* Values shared by several pages ------------------------------------------------------------ */

/* list of {value, label}: a page's key figures. `value` and `label` are ours. */
void put_fact(cJSON *list, const char *value, const char *label);
/* {id, name} of a feature; and `page`: whether it has one. */
void put_feature_link(cJSON *object, const char *key, page *p, int id);
/* {label, file, hash, name, number} of a cluster under `key`, or false when there is none. */
void put_cluster_link(cJSON *object, const char *key, page *p, int label);
/* `given`: the targets were given by hand, and have names. */
void put_named(cJSON *tree, const record *r);
/* A row about a context: {activation, place, tokens}, coloured by activation / maximum. */
void put_context(cJSON *row, page *p, const record_context *c, double maximum);
/* One row for each of the first `most` targets: what the run page and the list of features show, in
 * the order of the indices, NULL for that of the record. Adds sparkline blocks. */
void put_target_rows(cJSON *tree, const char *key, page *p, const int *order, int most);
/* One row per cluster. */
void put_cluster_rows(cJSON *tree, const char *key, page *p);
/* What the target's active tokens tell: `state`, contexts, `tokens`, `statistics` and their
 * figures. */
err_code put_activity(page *p, const record_target *t, err *e);
/* `search`: what the search for real tokens found for the target, with its figures as blocks and
 * its sequences among `strips`; false when there was none. */
err_code put_search(page *p, const record_target *t, strip_list *strips, err *e);
/* `search`: the same of the whole run, without figures. */
void put_search_summary(page *p);
/* `rule`: the target's sentence, its scores and counter-examples; false when none was sought. */
void put_rule(page *p, const record_target *t);
/* `rules`: how far the rules of the run hold, beside their controls; false without any. */
void put_rules_summary(page *p);
/* `concept_rules`: how many known concepts have a feature, a right rule, and are named by it. */
void put_concept_rules(page *p);
/* The run's scores of what predicts, at the level; `list` has room for all targets and random
 * directions. Returns how many. */
int rule_scores(const record_score **list, const record *r, const char *of);
/* The median of their F1 at the level; NaN without any. */
double rule_median_f1(page *p, const char *of);
/* `trust`: what the run's results rest on; `highlights`: the targets to look at first, with the
 * reason, none of few targets. */
void put_trust(page *p);
void put_highlights(page *p);
/* The indices of those targets, each once, in their order; returns how many. */
int highlighted_targets(int *indices, const record *r);
/* `written`: what language models wrote of the target; and whether an explanation is of that kind,
 * which stands apart from the others. */
void put_written(page *p, const record_target *t);
bool is_written(const record_explanation *x);
/* `effects`: what the target does to the output and resembles, with its figure as a block; false
 * when that was not looked at. */
err_code put_effects(page *p, const record_target *t, err *e);
/* `attention`: what tokens and heads bring to the target through attention; false where the SAE
 * does not read at hook_z, or nothing was looked at. */
void put_attention(page *p, const record_target *t);
/* `sae_quality`: how good the SAE is on the run's data, or false. */
void put_sae_quality(page *p);
/* The target with that id, NULL for none. */
const record_target *find_target(const record *r, int id);

#endif
