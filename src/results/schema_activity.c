/* The members of the records of where and how strongly a feature is active. */
#include "results/schema_fields.h"

static const field quantile_fields[] = {
    INT64(record_quantiles, n, "tokens with activation > 0"),
    INT(record_quantiles, n_prompts, "prompts that hold one"),
    NUMBER(record_quantiles, least, "smallest non-zero activation"),
    NUMBER(record_quantiles, p10, "activation that a tenth of them do not exceed"),
    NUMBER(record_quantiles, median, "activation that half of them do not exceed"),
    NUMBER(record_quantiles, p90, "activation that nine tenths of them do not exceed"),
    NUMBER(record_quantiles, p99, "activation that 99% of them do not exceed"),
    NUMBER(record_quantiles, most, "largest activation"),
};
SCHEMA(SCHEMA_QUANTILES, record_quantiles, quantile_fields);

static const field value_group_fields[] = {
    NUMBER(record_value_group, low, "activation from which on"),
    NUMBER(record_value_group, high, "activation up to which"),
    INT(record_value_group, n_prompts, "prompts in the group"),
    INT64(record_value_group, n_tokens, "active tokens in it"),
    LIST(record_value_group, contexts, n_contexts, SCHEMA_CONTEXT, "some of them"),
};
SCHEMA(SCHEMA_VALUE_GROUP, record_value_group, value_group_fields);

static const field position_bin_fields[] = {
    INT(record_position_bin, first, "first position in the prompt, from 1, the BOS left out"),
    INT(record_position_bin, last, "last position"),
    INT64(record_position_bin, n, "tokens there"),
    INT64(record_position_bin, n_active, "tokens with activation > 0"),
    NUMBER(record_position_bin, density, "their share"),
    NUMBER(record_position_bin, mean, "mean activation over the active tokens"),
};
SCHEMA(SCHEMA_POSITION_BIN, record_position_bin, position_bin_fields);

static const field trie_node_fields[] = {
    INT(record_trie_node, depth, "1 for the token it is read at, 2 for the one before it ..."),
    BYTES(record_trie_node, token, "token; the path goes on at the row above of one depth less"),
    INT(record_trie_node, id, "token id"),
    INT64(record_trie_node, n, "occurrences of the path in the data"),
    INT64(record_trie_node, n_active, "those on whose last token the feature is active"),
    NUMBER(record_trie_node, precision, "their share"),
    NUMBER(record_trie_node, low, "lower end of its 95% interval (Wilson)"),
    NUMBER(record_trie_node, high, "upper end"),
    NUMBER(record_trie_node, mean, "mean activation over the active ones"),
};
SCHEMA(SCHEMA_TRIE_NODE, record_trie_node, trie_node_fields);
