/* What SAEDashboard's and Neuronpedia's files say of a feature in the same words. */
#include "export/statistics.h"
#include "base/memory.h"
#include "export/fields.h"
#include <math.h>
#include <string.h>

/* ---- tables -----------------------------------------------------------------------------------
 */

double export_activation_cosine(const record_feature *one, const record_feature *other,
                                double correlation)
{
    const record_feature *both[] = {one, other};
    double square[2], deviation[2];
    for (int i = 0; i < 2; i++) {
        const record_feature *f = both[i];
        square[i] = f->density * (f->variance + f->mean_active * f->mean_active);
        double variance = square[i] - f->mean * f->mean;
        deviation[i] = sqrt(variance > 0 ? variance : 0);
    }
    double product = correlation * deviation[0] * deviation[1] + one->mean * other->mean;
    return product / sqrt(square[0] * square[1]);
}

static void add_correlated(cJSON *to, const record *r, const record_target *t)
{
    cJSON *indices = json_add_array(to, "correlated_features_indices");
    cJSON *pearson = json_add_array(to, "correlated_features_pearson");
    cJSON *cosine = json_add_array(to, "correlated_features_l1"); /* so called over there */
    const record_feature *own = record_find_feature(r, t->id);
    for (int i = 0; i < t->effects.n_relatives; i++) {
        const record_relative *x = &t->effects.relatives[i];
        const record_feature *other = record_find_feature(r, x->feature);
        double value = export_activation_cosine(own, other, x->correlation);
        if (strcmp(x->by, "correlation") || !isfinite(x->correlation) || !isfinite(value))
            continue;
        json_add_number(indices, NULL, x->feature);
        json_add_number(pearson, NULL, export_round(x->correlation));
        json_add_number(cosine, NULL, export_round(value));
    }
}

static void add_logits(cJSON *to, const record_target *t, const char *list, const char *tokens_key,
                       const char *values_key)
{
    cJSON *tokens = json_add_array(to, tokens_key), *values = json_add_array(to, values_key);
    for (int i = 0; i < t->effects.n_tokens; i++) {
        const record_effect_token *x = &t->effects.tokens[i];
        if (strcmp(x->list, list))
            continue;
        export_add_text(tokens, NULL, x->token.bytes, (size_t)x->token.n);
        json_add_number(values, NULL, export_round(x->value));
    }
}

static void add_histogram(cJSON *to, const record_histogram *h, const char *heights_key,
                          const char *values_key)
{
    export_add_numbers(to, heights_key, h->counts, h->n_counts);
    cJSON *centres = json_add_array(to, values_key);
    for (int i = 0; i < h->n_counts; i++)
        json_add_number(centres, NULL, export_round((h->edges[i] + h->edges[i + 1]) / 2));
}

/* One number of each of the listed neurons. */
static void add_neurons(cJSON *to, const char *key, const record_target *t, const char *list,
                        double (*value)(const record_neuron *))
{
    cJSON *values = json_add_array(to, key);
    for (int i = 0; i < t->effects.n_neurons; i++)
        if (!strcmp(t->effects.neurons[i].list, list))
            json_add_number(values, NULL, export_round(value(&t->effects.neurons[i])));
}

static double neuron_place(const record_neuron *n)
{
    return n->neuron;
}

static double neuron_weight(const record_neuron *n)
{
    return n->weight;
}

static double neuron_share(const record_neuron *n)
{
    return n->share;
}

static double neuron_correlation(const record_neuron *n)
{
    return n->correlation;
}

static double neuron_cosine(const record_neuron *n)
{
    return n->cosine;
}

void export_add_statistics(cJSON *to, const record *r, const record_target *t)
{
    add_neurons(to, "neuron_alignment_indices", t, "aligned", neuron_place);
    add_neurons(to, "neuron_alignment_values", t, "aligned", neuron_weight);
    add_neurons(to, "neuron_alignment_l1", t, "aligned", neuron_share);
    add_neurons(to, "correlated_neurons_indices", t, "correlated", neuron_place);
    add_neurons(to, "correlated_neurons_pearson", t, "correlated", neuron_correlation);
    add_neurons(to, "correlated_neurons_l1", t, "correlated", neuron_cosine);
    add_correlated(to, r, t);
    add_logits(to, t, "lowers", "neg_str", "neg_values");
    add_logits(to, t, "raises", "pos_str", "pos_values");
    json_add_number(to, "frac_nonzero", record_find_feature(r, t->id)->density);
    add_histogram(to, &t->histogram, "freq_hist_data_bar_heights", "freq_hist_data_bar_values");
    add_histogram(to, &t->effects.logits, "logits_hist_data_bar_heights",
                  "logits_hist_data_bar_values");
    export_add_empty(to, "decoder_weights_dist");
}

void export_add_vector(cJSON *to, const record_target *t)
{
    cJSON *vector = json_add_array(to, "vector");
    for (int i = 0; i < t->n_decoder; i++)
        json_add_number(vector, NULL, t->decoder[i]);
}

/* ---- examples ---------------------------------------------------------------------------------
 */

static const record_attention *find_attention(const record_effects *x, int context)
{
    for (int i = 0; i < x->n_attention; i++)
        if (x->attention[i].context == context)
            return &x->attention[i];
    return NULL;
}

double export_largest_part(const record_attention *x)
{
    double most = -HUGE_VAL;
    for (int i = 0; i < x->n_parts; i++)
        most = fmax(most, x->parts[i]);
    return most;
}

bool export_has_attention(const record *r)
{
    for (int i = 0; i < r->n_targets; i++)
        if (r->targets[i].effects.n_attention)
            return true;
    return false;
}

export_example *export_examples(int *n, const record *r, const record_target *t, arena *a)
{
    size_t room = (size_t)t->n_top;
    for (int i = 0; i < t->n_intervals; i++)
        room += (size_t)t->intervals[i].n_contexts;
    export_example *all = arena_push(a, room + 1, sizeof *all);
    *n = 0;
    for (int i = 0; i < t->n_top; i++)
        all[(*n)++] = (export_example){-1, record_find_feature(r, t->id)->max, -1, &t->top[i],
                                       find_attention(&t->effects, i)};
    for (int i = t->n_intervals - 1; i >= 0; i--) {
        const record_value_group *g = &t->intervals[i];
        for (int k = 0; k < g->n_contexts; k++)
            all[(*n)++] = (export_example){g->low, g->high,
                                           (double)g->n_tokens / (double)r->run.data.n_tokens,
                                           &g->contexts[k], NULL};
    }
    return all;
}

/* ---- notes ------------------------------------------------------------------------------------
 */

void export_note_statistics(str *notes, const record *r)
{
    int without_table = 0, without_relatives = 0, without_vector = 0;
    for (int i = 0; i < r->n_targets; i++) {
        without_table += r->targets[i].effects.logits.n_counts == 0;
        without_relatives += r->targets[i].effects.n_relatives == 0;
        without_vector += r->targets[i].n_decoder == 0;
    }
    str_add(notes, "- empty, as a report does not hold them: decoder_weights_dist.\n");
    if (without_vector)
        str_addf(notes,
                 "- empty for %d of %d features, as the report is of a version that did not keep "
                 "decoder rows: vector.\n",
                 without_vector, r->n_targets);
    if (without_table)
        str_addf(notes,
                 "- empty for %d of %d features, as the report has no logit table of them: pos_*, "
                 "neg_*, logits_hist_*.\n",
                 without_table, r->n_targets);
    if (without_relatives)
        str_addf(notes,
                 "- empty for %d of %d features, as the report names no feature that resembles "
                 "them: correlated_features_*.\n",
                 without_relatives, r->n_targets);
    str_add(notes,
            "- correlated_features_*: over all features and tokens; l1 holds the cosine of the "
            "activations.\n"
            "- pos_*, neg_*: with the gain of the final norm, the mean over the vocabulary taken "
            "out.\n"
            "- intervals of examples leave out silent tokens, so the lowest does not contain "
            "everything.\n"
            "- contexts are as long as the report's; values outside them are not known.\n"
            "- a byte of a token that is a piece of a character is written as in byte-level "
            "vocabularies.\n");
}
