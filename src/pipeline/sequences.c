/* All sequences of all targets go through each measurement together. */
#include "pipeline/sequences.h"
#include "base/memory.h"
#include "invert/token_loss.h"
#include <math.h>
#include <string.h>

enum { MOST_KINDS = 6 };

static void add(target_sequences *t, const char *kind, bool sought, const search_point *p)
{
    if (p->tokens)
        t->items[t->n++] = (sequence){.kind = kind, .sought = sought, .point = *p};
}

/* The free optimum read as its nearest tokens, up to its own peak. */
static search_point projected(study *s, const optimum *o)
{
    search_point p = {.length = o->n_positions, .cross_entropy = (double)NAN};
    p.tokens = arena_push(&s->memory, (size_t)p.length, sizeof *p.tokens);
    for (int i = 0; i < p.length; i++)
        p.tokens[i] = o->positions[i].nearest_k[0];
    return p;
}

static void list_sequences(study *s)
{
    s->sequences = arena_push(&s->memory, (size_t)s->n_targets, sizeof *s->sequences);
    for (int i = 0; i < s->n_targets; i++) {
        const search_job *job = &s->searches[i];
        target_sequences *t = &s->sequences[i];
        search_point nearest = projected(s, &s->optima[i]);
        t->items = arena_push(&s->memory, MOST_KINDS, sizeof *t->items);
        add(t, "warm", true, &job->warm);
        add(t, "cold", true, &job->cold);
        add(t, "fluent", true, &job->fluent);
        add(t, "data_window", false, &job->window);
        add(t, "single_token", false, &job->single);
        add(t, "projected", false, &nearest);
    }
}

static void gather(sequence **list, int *target_of, study *s)
{
    for (int i = 0, n = 0; i < s->n_targets; i++)
        for (int k = 0; k < s->sequences[i].n; k++) {
            list[n] = &s->sequences[i].items[k];
            target_of[n++] = s->targets[i];
        }
}

/* Activations token by token. The nearest tokens have not been run before: their peak is found
 * here, and what follows it is left out as it is of the others. */
static err_code run_sequences(sequence **list, const int *features, int n, study *s, err *e)
{
    optimise_setting setting = study_setting(s, "analyse");
    probe_input *inputs = mem_small((size_t)n, sizeof *inputs);
    probe_result *results = mem_small((size_t)n, sizeof *results);
    for (int i = 0; i < n; i++) {
        search_point *p = &list[i]->point;
        list[i]->activation_L = arena_push(&s->memory, (size_t)p->length, sizeof(float));
        inputs[i] = (probe_input){.tokens_L = p->tokens, .length = p->length};
        results[i] = (probe_result){.activation_L = list[i]->activation_L};
    }
    err_code rc = probe_inputs(results, &setting, inputs, features, n, false, e);
    for (int i = 0; i < n && !rc; i++) {
        search_point *p = &list[i]->point;
        if (strcmp(list[i]->kind, "projected"))
            continue;
        p->length = results[i].position + 1;
        p->value = p->z = results[i].pre_activation;
        p->activation = results[i].activation;
        rc = token_loss_windows(&p->cross_entropy, &setting, p->tokens, 1, p->length, e);
    }
    mem_free(inputs);
    mem_free(results);
    return rc;
}

static err_code attribute(sequence **list, const int *features, int n, study *s, err *e)
{
    optimise_setting setting = study_setting(s, "attribution");
    attribution_job *jobs = mem_small((size_t)n, sizeof *jobs);
    for (int i = 0; i < n; i++)
        jobs[i] = (attribution_job){.feature = features[i],
                                    .scale = study_scale(s, features[i]),
                                    .tokens_L = list[i]->point.tokens,
                                    .length = list[i]->point.length};
    err_code rc = attribution_run(jobs, n, &setting, &s->memory, e);
    for (int i = 0; i < n && !rc; i++) {
        list[i]->lost_most_L = jobs[i].lost_most_L;
        list[i]->lost_least_L = jobs[i].lost_least_L;
    }
    mem_free(jobs);
    return rc;
}

/* Sequences that leave no room for a context before them in the model's are left unmeasured. */
static err_code try_contexts(sequence **list, const int *features, int n, study *s, err *e)
{
    optimise_setting setting = study_setting(s, "robustness");
    robustness_job *jobs = mem_small((size_t)n, sizeof *jobs);
    sequence **tried = mem_small((size_t)n, sizeof *tried);
    int count = 0, room = model_describe(s->model)->context - (s->bos >= 0) - ROBUSTNESS_LONGEST;
    for (int i = 0; i < n; i++) {
        list[i]->kept_mean = list[i]->kept_least = (double)NAN;
        if (list[i]->point.length > room)
            continue;
        tried[count] = list[i];
        jobs[count++] = (robustness_job){.feature = features[i],
                                         .tokens_L = list[i]->point.tokens,
                                         .length = list[i]->point.length};
    }
    err_code rc =
        robustness_measure(jobs, count, &setting, &s->prompts, (uint64_t)s->config->run.seed, e);
    for (int i = 0; i < count && !rc; i++) {
        tried[i]->n_contexts = ROBUSTNESS_CONTEXTS - 1;
        tried[i]->kept_mean = jobs[i].kept_mean;
        tried[i]->kept_least = jobs[i].kept_least;
    }
    mem_free(tried);
    mem_free(jobs);
    return rc;
}

err_code sequences_measure(study *s, err *e)
{
    int n = 0;
    list_sequences(s);
    for (int i = 0; i < s->n_targets; i++)
        n += s->sequences[i].n;
    sequence **list = mem_small((size_t)n, sizeof *list);
    int *features = mem_small((size_t)n, sizeof *features);
    gather(list, features, s);
    err_code rc = run_sequences(list, features, n, s, e);
    if (!rc)
        rc = attribute(list, features, n, s, e);
    if (!rc)
        rc = try_contexts(list, features, n, s, e);
    mem_free(features);
    mem_free(list);
    return rc;
}

const sequence *target_sequence(const target_sequences *t, const char *kind)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->items[i].kind, kind))
            return &t->items[i];
    return NULL;
}
