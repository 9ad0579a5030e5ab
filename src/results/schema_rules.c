/* The members of the records about rules, in the order of the keys in the files. */
#include "results/schema_fields.h"

static const field estimate_fields[] = {
    NUMBER(record_estimate, value, "on all documents of the report part"),
    NUMBER(record_estimate, low, "lower end of its 95% interval over resampled documents"),
    NUMBER(record_estimate, high, "upper end"),
};
static SCHEMA(estimate_schema, record_estimate, estimate_fields);

static const field score_fields[] = {
    TEXT(record_score, of, "what predicts where the feature is active"),
    TEXT(record_score, active, "when a token counts as active: at the level, or above 0 (any)"),
    INT64(record_score, tp, "tokens predicted and active"),
    INT64(record_score, fp, "predicted, not active"),
    INT64(record_score, fn, "active, not predicted"),
    INT64(record_score, tn, "neither"),
    STRUCT(record_score, precision, estimate_schema, "tp / (tp + fp)"),
    STRUCT(record_score, recall, estimate_schema, "tp / (tp + fn)"),
    STRUCT(record_score, f1, estimate_schema, "2 tp / (2 tp + fp + fn)"),
    STRUCT(record_score, balanced_accuracy, estimate_schema, "mean of recall and tn / (tn + fp)"),
    STRUCT(record_score, auprc, estimate_schema, "average precision of the graded prediction"),
    STRUCT(record_score, pearson, estimate_schema, "of graded prediction and activation"),
    NUMBER(record_score, detection, "balanced accuracy over windows, as delphi's detection"),
    NUMBER(record_score, fuzzing, "balanced accuracy over windows, as delphi's fuzzing"),
    INT(record_score, n_active_windows, "windows of detection with activation"),
    INT(record_score, n_silent_windows, "windows of detection without"),
    NUMBER(record_score, simulation, "Pearson over 5 top and 5 random windows"),
};
SCHEMA(SCHEMA_SCORE, record_score, score_fields);

static const field piece_fields[] = {
    BOOL(record_piece, is_token, "whether it is a token's bytes"),
    BYTES(record_piece, text, "the words or the token"),
};
static SCHEMA(piece_schema, record_piece, piece_fields);

static const field window_fields[] = {
    INT(record_window, tenth, "of the active windows by their maxima, 1 the weakest; 0: silent"),
    BOOL(record_window, detected, "whether the rule fires on one of its tokens"),
    BOOL(record_window, marks_fit, "whether it fires on at least half of the marked tokens"),
    INT(record_window, prompt, "index of the prompt"),
    INT(record_window, start, "position of the first token in the prompt"),
    TOKENS(record_window, tokens, n_tokens, "tokens"),
    NUMBERS(record_window, activations, n_tokens, "activation on each"),
};
static SCHEMA(window_schema, record_window, window_fields);

static const field rule_fields[] = {
    TEXT(record_rule, kind, "class of the explanation, empty when none was sought"),
    TEXT(record_rule, form, "class of the rule itself"),
    TEXT(record_rule, formal, "the rule in one line"),
    BYTES(record_rule, text, "the sentence, tokens between backticks"),
    LIST(record_rule, pieces, n_pieces, piece_schema, "the sentence in pieces"),
    NUMBER(record_rule, level, "a token counts as active from this activation on"),
    INT64(record_rule, n_active, "tokens of the report part at or above the level"),
    INT(record_rule, n_documents, "documents of the report part with such a token"),
    INT(record_rule, n_predicates, "predicates of the rule"),
    INT(record_rule, n_tokens, "tokens it names"),
    LIST(record_rule, scores, n_scores, SCHEMA_SCORE, "scores, the rule's first"),
    LIST(record_rule, false_alarms, n_false_alarms, SCHEMA_CONTEXT,
         "contexts where the rule fires and the feature is silent"),
    LIST(record_rule, missed, n_missed, SCHEMA_CONTEXT,
         "contexts where the feature is active and the rule does not fire"),
    LIST(record_rule, near_misses, n_near_misses, SCHEMA_CONTEXT,
         "contexts of its strongest tokens where it is silent"),
    INT64(record_rule, all_false_alarms, "tokens where the rule fires and the feature is silent"),
    INT64(record_rule, all_missed, "tokens where the feature is active and the rule does not fire"),
    INT64(record_rule, all_near_misses, "tokens as its strongest ones where it is silent"),
    LIST(record_rule, windows, n_windows, window_schema,
         "windows that its detection and fuzzing count"),
};
SCHEMA(SCHEMA_RULE, record_rule, rule_fields);

static const field rules_fields[] = {
    NUMBER(record_rules, mass, "share of a feature's activation that its level keeps"),
    INT(record_rules, fit_documents, "documents that rules were fitted on"),
    INT(record_rules, choose_documents, "documents that they were chosen on"),
    INT(record_rules, report_documents, "documents that they were measured on"),
    INT64(record_rules, fit_tokens, "tokens of the first"),
    INT64(record_rules, choose_tokens, "of the second"),
    INT64(record_rules, report_tokens, "of the third"),
    INT(record_rules, left_out, "documents beyond rules.most_tokens"),
    LIST(record_rules, random, n_random, SCHEMA_SCORE, "rules for random directions"),
};
SCHEMA(SCHEMA_RULES, record_rules, rules_fields);

static const field split_fields[] = {
    INT(record_split, prompt, "index of the prompt"),
    TEXT(record_split, part, "fit, choose or report"),
};
SCHEMA(SCHEMA_SPLIT, record_split, split_fields);
