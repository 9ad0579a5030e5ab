/* The members of the records about effects, in the order of the keys in the files. */
#include "results/schema_fields.h"

static const field token_fields[] = {
    TEXT(record_effect_token, list,
         "raises, lowers (logit table); rose, fell (when doubled); reads"),
    BYTES(record_effect_token, token, "token"),
    INT(record_effect_token, id, "token id"),
    NUMBER(record_effect_token, value,
           "logit less the mean; mean change of probability; cosine to the centred embedding"),
};
SCHEMA(SCHEMA_EFFECT_TOKEN, record_effect_token, token_fields);

static const field change_fields[] = {
    TEXT(record_change, name, "what was done to the feature"),
    NUMBER(record_change, factor, "what its activation was multiplied by"),
    NUMBER(record_change, loss_active, "change of next-token loss at active tokens, nats"),
    NUMBER(record_change, loss_later, "the same at silent tokens after the first active one"),
    NUMBER(record_change, kl_active, "KL(clean || changed) at active tokens, nats"),
    NUMBER(record_change, kl_later, "the same at silent tokens after the first active one"),
    INT(record_change, raised_right, "raised tokens of the logit table that moved as promised"),
    INT(record_change, lowered_right, "lowered tokens of the logit table that moved as promised"),
    INT(record_change, n_raised, "raised tokens listed"),
    INT(record_change, n_lowered, "lowered tokens listed"),
    NUMBER(record_change, rank_correlation,
           "Spearman, of the logit table and the change of log probability"),
};
SCHEMA(SCHEMA_CHANGE, record_change, change_fields);

static const field relative_fields[] = {
    TEXT(record_relative, by, "what it was found by"),
    INT(record_relative, feature, "id of the relative"),
    NUMBER(record_relative, decoder_cosine, "cosine of the decoder rows"),
    NUMBER(record_relative, encoder_cosine, "cosine of the encoder columns"),
    NUMBER(record_relative, jaccard, "tokens on which both are active over those on which one is"),
    NUMBER(record_relative, correlation, "Pearson's, of the activations over all tokens"),
    INT64(record_relative, n_both, "tokens on which both are active"),
    INT64(record_relative, n_active, "tokens on which the relative is active"),
    TEXT(record_relative, relation, "same, contains, inside, apart or empty"),
};
SCHEMA(SCHEMA_RELATIVE, record_relative, relative_fields);

static const field neuron_fields[] = {
    TEXT(record_neuron, list, "aligned (decoder row), correlated (activation)"),
    INT(record_neuron, neuron, "place in the hook's value"),
    NUMBER(record_neuron, weight, "in the decoder row"),
    NUMBER(record_neuron, share, "of the row's sum of sizes"),
    NUMBER(record_neuron, correlation, "Pearson's, of value and activation over all tokens"),
    NUMBER(record_neuron, cosine, "of value and activation over all tokens"),
};
SCHEMA(SCHEMA_NEURON, record_neuron, neuron_fields);

static const field trace_fields[] = {
    INT(record_trace, context, "which of the strongest contexts"),
    NUMBERS(record_trace, costs, n_costs,
            "nats that each token costs more when the feature is taken out"),
};
SCHEMA(SCHEMA_TRACE, record_trace, trace_fields);

static const field head_fields[] = {
    INT(record_head, head, "head of the layer, from 0"),
    NUMBER(record_head, part, "what it brings"),
};
static SCHEMA(head_schema, record_head, head_fields);

static const field attention_fields[] = {
    INT(record_attention, context, "which of the strongest contexts"),
    NUMBERS(record_attention, parts, n_parts,
            "what each token brings, through attention, to the encoder's product at the peak"),
    NUMBER(record_attention, elsewhere, "what the tokens before the context bring"),
    LIST(record_attention, heads, n_heads, head_schema, "the same by head, over all tokens"),
};
SCHEMA(SCHEMA_ATTENTION, record_attention, attention_fields);

static const field effects_fields[] = {
    TEXT(record_effects, hook, "where its contribution stands, empty when not looked at"),
    TEXT(record_effects, path, "how it gets into the residual stream"),
    TEXT(record_effects, no_table, "why there is no logit table"),
    TEXT(record_effects, no_read_in, "why there are no tokens it reads"),
    TEXT(record_effects, no_runs, "why the output was not measured"),
    INT(record_effects, n_vocabulary, "tokens ranked"),
    LIST(record_effects, tokens, n_tokens, SCHEMA_EFFECT_TOKEN, "tokens at both ends of rankings"),
    STRUCT(record_effects, logits, SCHEMA_HISTOGRAM, "logit table, all ranked tokens"),
    INT(record_effects, n_prompts, "prompts run"),
    INT64(record_effects, n_active, "active tokens in them"),
    INT64(record_effects, n_active_losses, "of them with a next token"),
    INT64(record_effects, n_later, "silent tokens after the first active one"),
    INT64(record_effects, n_later_losses, "of them with a next token"),
    LIST(record_effects, changes, n_changes, SCHEMA_CHANGE, "the feature taken out, and doubled"),
    LIST(record_effects, traces, n_traces, SCHEMA_TRACE, "its strongest contexts token by token"),
    LIST(record_effects, attention, n_attention, SCHEMA_ATTENTION,
         "the same contexts by what attention brings, of an SAE on hook_z"),
    LIST(record_effects, relatives, n_relatives, SCHEMA_RELATIVE, "features that resemble it"),
    LIST(record_effects, neurons, n_neurons, SCHEMA_NEURON, "numbers of the hook's value"),
};
SCHEMA(SCHEMA_EFFECTS, record_effects, effects_fields);

static const field quality_fields[] = {
    INT64(record_sae_quality, n_tokens, "tokens counted, 0 when not looked at"),
    NUMBER(record_sae_quality, l0, "mean active features a token"),
    INT(record_sae_quality, n_dead, "features never active"),
    INT(record_sae_quality, n_dense, "features active on more than a tenth of the tokens"),
    TEXT(record_sae_quality, no_runs, "why the rest was not measured"),
    TEXT(record_sae_quality, hook, "where the SAE's output stood"),
    INT(record_sae_quality, n_prompts, "prompts run"),
    INT64(record_sae_quality, n_rows, "tokens whose value was replaced"),
    NUMBER(record_sae_quality, explained_variance, "share of the value's variance kept"),
    INT64(record_sae_quality, n_losses, "tokens with a next one"),
    NUMBER(record_sae_quality, clean_loss, "next-token loss as it is, nats"),
    NUMBER(record_sae_quality, spliced_loss, "with the SAE's output, nats"),
    NUMBER(record_sae_quality, ablated_loss, "with zeros, nats"),
    NUMBER(record_sae_quality, loss_recovered, "(ablated - spliced) / (ablated - clean)"),
};
SCHEMA(SCHEMA_SAE_QUALITY, record_sae_quality, quality_fields);
