/* Headline figures in words. */
#include "site/show.h"
#include <string.h>

static const char HELD_OUT[] = "evaluation."; /* measured when the model and the SAE were trained */

static const struct {
    const char *key, *words;
} metrics[] = {
    {"active_features", "features active at all"},
    {"kept_features", "features that passed the filter"},
    {"noise_share", "features in no cluster"},
    {"silhouette", "silhouette of the clusters (mean)"},
    {"trustworthiness", "trustworthiness of the map"},
    {"neighbour_overlap", "neighbours kept on the map"},
    {"targets", "target features"},
    {"median_rule_f1", "F1 of the rules (median)"},
    {"mass_explained_at_05", "activation explained, F1 from 0.5 on"},
    {"mass_explained_at_08", "activation explained, F1 from 0.8 on"},
    {"median_warm_ratio", "real tokens, warm (median)"},
    {"median_cold_ratio", "real tokens, cold (median)"},
    {"median_fluent_ratio", "real tokens, fluent (median)"},
    {"median_data_ratio", "free vectors (median)"},
    {"median_snapped_ratio", "free vectors, nearest tokens (median)"},
    {"median_specificity", "specificity of free vectors (median)"},
    {"sae_l0", "features active on a token (L0)"},
    {"sae_dead", "dead features"},
    {"sae_dense", "dense features"},
    {"sae_explained_variance", "variance explained by the SAE"},
    {"sae_loss_recovered", "loss recovered by the SAE"},
    {"mean_effect_agreement", "output tokens moved as promised"},
    {"concepts_found", "known concepts with a feature"},
};

const char *show_metric(arena *a, const char *key)
{
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        if (!strcmp(metrics[i].key, key))
            return metrics[i].words;
    size_t n = sizeof HELD_OUT - 1;
    if (!strncmp(key, HELD_OUT, n))
        return arena_printf(a, "%s, in training", key + n);
    char *words = arena_strdup(a, key);
    for (char *at = words; *at; at++)
        *at = *at == '_' ? ' ' : *at;
    return words;
}
