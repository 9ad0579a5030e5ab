/* The explain stage's other half: sentences by a language model behind an endpoint. */
#include "hub/environment.h"
#include "base/memory.h"
#include "pipeline/explainer_cases.h"

static const double FIRST_WAIT = 1; /* seconds, before the first further attempt */

static chat_options options_of(const study *s, arena *a)
{
    const run_config *c = s->config;
    const char *name = c->explainer.key_env, *dir = c->explainer.cache_dir;
    return (chat_options){.url = c->explainer.url,
                          .model = c->explainer.model,
                          .max_tokens = c->explainer.max_tokens,
                          .key = *name ? environment_text(name) : NULL,
                          .key_name = name,
                          .timeout_seconds = c->explainer.timeout,
                          .retries = c->explainer.retries,
                          .retry_seconds = FIRST_WAIT,
                          .cache_dir = *dir           ? dir
                                       : s->cache_dir ? path_join(a, s->cache_dir, "explainer")
                                                      : NULL};
}

static int target_index(const study *s, int feature)
{
    int i = 0;
    while (i < s->n_targets && s->targets[i] != feature)
        i++;
    return i;
}

/* The targets to ask about, in the order of their selection. Returns how many. */
static int choose_targets(int *chosen, const study *s)
{
    int n = 0;
    for (int i = 0; i < s->n_selected && n < s->config->explainer.features; i++) {
        int target = target_index(s, s->selected[i].feature);
        if (target < s->n_targets)
            chosen[n++] = target;
    }
    return n;
}

static err_code ask_about(study *s, const int *chosen, int n, arena *a, err *e)
{
    const run_config *c = s->config;
    explainer_case *cases = arena_push(a, (size_t)n, sizeof *cases);
    explainer_result *results = arena_push(&s->memory, (size_t)n, sizeof *results);
    chat_options options = options_of(s, a);
    explainer_setting setting = {
        .chat = chat_open(&options, s->reporter),
        .max_tokens = c->explainer.max_tokens,
        .prices = {c->explainer.input_price, c->explainer.output_price, c->explainer.max_cost},
        .tokenizer = s->tokenizer,
        .reporter = s->reporter};
    int n_silent = 0, n_failed = 0;
    for (int i = 0; i < n; i++) {
        explainer_case_make(&cases[i], s, chosen[i], a);
        n_silent += !cases[i].n_examples;
    }
    err_code rc = explainer_run(results, &setting, cases, n, &s->memory, e);
    for (int i = 0; i < n && !rc; i++) {
        s->written[chosen[i]] = cases[i].n_examples ? &results[i] : NULL;
        n_failed += results[i].n_failed + (results[i].fault != ANSWER_FINE);
    }
    if (!rc)
        report_line(s->reporter,
                    "explainer  %d of %d features asked about, %d of them silent in the documents "
                    "to be shown; %d answers failed",
                    n, s->n_targets, n_silent, n_failed);
    chat_close(setting.chat);
    return rc;
}

err_code study_ask_explainer(study *s, err *e)
{
    arena scratch = {0};
    if (!s->config->explainer.url[0])
        return OK;
    err_code rc = study_split_text(s, e);
    if (rc)
        return rc;
    int *chosen = arena_push(&scratch, (size_t)s->config->explainer.features, sizeof *chosen);
    s->written = arena_push(&s->memory, (size_t)s->n_targets, sizeof *s->written);
    rc = ask_about(s, chosen, choose_targets(chosen, s), &scratch, e);
    arena_release(&scratch);
    return rc;
}
