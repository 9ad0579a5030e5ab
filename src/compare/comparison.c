/* The comparison as a whole, and its words. */
#include "compare/comparison.h"
#include "base/str.h"
#include "compare/parts.h"
#include <math.h>
#include <stdio.h>

const char *feature_category_name(feature_category c)
{
    static const char *const names[FEATURE_CATEGORIES] = {"lost",  "gained",  "died", "revived",
                                                          "moved", "changed", "same"};
    return names[c];
}

const char *metric_verdict_name(metric_verdict v)
{
    static const char *const names[] = {"same", "better", "worse", "differs", "only in one"};
    return names[v];
}

const char *comparison_matched_by(bool matched, bool by_decoder)
{
    return matched ? "number" : by_decoder ? "decoder" : "nothing";
}

const char *target_pair_name(char name[RECORD_NAME], const comparison *c, const target_pair *t)
{
    char own[RECORD_NAME];
    if (t->id_a >= 0)
        return record_feature_name(name, c->a->run.sae.layer, t->id_a);
    snprintf(name, RECORD_NAME, "b-%.29s", record_feature_name(own, c->b->run.sae.layer, t->id_b));
    return name;
}

void comparison_make(comparison *out, const record *a, const record *b, double tolerance,
                     arena *memory)
{
    *out = (comparison){.a = a,
                        .b = b,
                        .tolerance = tolerance,
                        .differences = {.memory = memory,
                                        .version = a->schema < b->schema ? a->schema : b->schema,
                                        .tolerance = tolerance,
                                        .most = COMPARISON_MOST_BYTES},
                        .decoders.mcc = (double)NAN,
                        .clusters.rand_index = (double)NAN,
                        .alignment = {.disparity = (double)NAN}};
    compare_settings(out, memory);
    compare_metrics(out, memory);
    if (out->by_decoder) {
        decoders_match(&out->decoders, a, b, memory);
        compare_targets(out, memory);
    }
    if (out->matched) {
        compare_clusters(out, memory);
        compare_maps(out, memory);
        compare_targets(out, memory); /* first: the dictionary may fill the list of differences */
        compare_features(out, memory);
        compare_rest(out);
    }
    out->same = !out->n_config && !out->n_inputs && !out->n_metrics_beyond && out->matched &&
                !out->differences.all;
}

/* "; targets: 2 lost, 1 gained"; nothing when all are the same. */
static void add_counts(str *out, const char *what, const int counts[FEATURE_CATEGORIES])
{
    const char *between = what;
    for (int i = 0; i < FEATURE_SAME; i++) {
        if (!counts[i])
            continue;
        str_addf(out, "%s%s %d %s", between == what ? "; " : "", between, counts[i],
                 feature_category_name((feature_category)i));
        between = ",";
    }
}

static void add_plural(str *out, long n, const char *one, const char *many)
{
    str_addf(out, "%ld %s", n, n == 1 ? one : many);
}

const char *comparison_verdict(const comparison *c, arena *a)
{
    str out = {0};
    if (c->same) {
        str_addf(&out, "The runs are the same: every setting is equal and every value agrees%s.",
                 c->tolerance > 0 ? " within the tolerance" : "");
    } else {
        str_add(&out, "The runs differ: ");
        add_plural(&out, c->n_inputs + c->n_config, "setting or input", "settings and inputs");
        str_addf(&out, " changed; %d of %d metrics outside the tolerance", c->n_metrics_beyond,
                 c->n_metrics);
        add_counts(&out, "targets:", c->chosen);
        add_counts(&out, "features of the dictionary:", c->dictionary);
        str_add_char(&out, '.');
        if (c->by_decoder)
            str_addf(&out,
                     " By their decoder rows %d of A's %d targets have a fellow among B's %d; the "
                     "mean cosine of the best pairing (MCC) is %.2f.",
                     c->decoders.n_fellows, c->decoders.n_a, c->decoders.n_b, c->decoders.mcc);
    }
    return str_into(&out, a);
}

/* What becomes of features where the same number is another one in the other dictionary. */
static void add_matching(str *out, const comparison *c)
{
    if (c->by_decoder)
        str_addf(
            out,
            "Of their features only those that a run chose are matched, by the cosine of their "
            "decoder rows, from %g on: reports hold the rows of no others, so that a feature "
            "without a fellow may be in the other dictionary and not have been chosen. "
            "Dictionaries, clusters, maps and numbers of other parts are not compared. ",
            DECODER_LEAST_COSINE);
    else
        str_addf(out,
                 "Features are not matched: the same number is another feature in another "
                 "dictionary, and %s Settings and metrics are compared, nothing else. ",
                 c->obstacle);
}

const char *comparison_limits(const comparison *c, arena *a)
{
    str out = {0};
    if (c->a->schema != c->b->schema)
        str_addf(&out,
                 "%s was written by an older version (schema %d, the other %d): what the newer one "
                 "added is not compared. ",
                 c->a->schema < c->b->schema ? "A" : "B", c->differences.version,
                 c->a->schema < c->b->schema ? c->b->schema : c->a->schema);
    if (!c->same_model)
        str_add(&out, "The models are not the same. ");
    if (!c->same_hook)
        str_add(&out, "The runs read different hooks. ");
    if (!c->same_sae)
        str_add(&out, "The SAEs are not the same. ");
    if (!c->measures_alike)
        str_add(&out, "So no metric is called better or worse. ");
    if (!c->matched)
        add_matching(&out, c);
    if (!c->same_data)
        str_add(&out, "The data are not the same: contexts come from other prompts, and what a "
                      "metric says holds for its own text. ");
    if (out.len)
        out.len--;
    return str_into(&out, a);
}
