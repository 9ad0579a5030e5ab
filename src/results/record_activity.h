/* Parts of the record: tokens, and where and how strongly a feature is active on them. The
 * conventions are those of results/record.h. */
#ifndef RESULTS_RECORD_ACTIVITY_H
#define RESULTS_RECORD_ACTIVITY_H
#include <stdbool.h>
#include <stdint.h>

/* A token's bytes as the tokenizer holds them: any bytes, perhaps part of a UTF-8 character. */
typedef struct record_bytes {
    const char *bytes; /* need not end in NUL */
    int n;
} record_bytes;

/* A token with how often and how strongly the feature (or the cluster) is active on it. */
typedef struct record_token_stat {
    record_bytes token;
    int id;
    int64_t count;     /* active occurrences */
    double activation; /* mean over them */
    /* What follows is known of targets only. */
    int64_t occurrences;                 /* active or not, in the whole data; 0: not known */
    double fires, fires_low, fires_high; /* count / occurrences, with its 95% interval (Wilson) */
    double share;                        /* count / active tokens of the feature */
} record_token_stat;

/* Of the non-zero activations. */
typedef struct record_histogram {
    bool log_edges; /* bins of equal width in log10 */
    double *edges;  /* n_counts + 1, ascending */
    int n_edges;
    double *counts;
    int n_counts;
} record_histogram;

/* Order statistics of the non-zero activations; each is one that occurred. */
typedef struct record_quantiles {
    int64_t n;     /* active tokens */
    int n_prompts; /* prompts that hold one */
    double least, p10, median, p90, p99, most;
} record_quantiles;

/* A stretch of a prompt; tokens[i] has activations[i]. */
typedef struct record_context {
    int prompt, start; /* token index of tokens[0] in the prompt */
    int peak; /* index in tokens of the one it is shown for: the strongest, but in intervals */
    record_bytes *tokens;
    double *activations;
    int n_tokens;
} record_context;

/* What is active between two strengths, and some of it. */
typedef struct record_value_group {
    double low, high;
    int n_prompts;
    int64_t n_tokens;
    record_context *contexts;
    int n_contexts;
} record_value_group;

/* Positions first..last of prompts, from 1, the BOS left out. */
typedef struct record_position_bin {
    int first, last;
    int64_t n, n_active;
    double density; /* n_active / n */
    double mean;    /* activation over the active tokens */
} record_position_bin;

/* A node of the tree of suffixes, which is written depth first. Its path is its token and those of
 * the nodes above it: of depth 1 the token the feature is read at, then the tokens before it. */
typedef struct record_trie_node {
    int depth; /* 1..RECORD_TRIE_DEPTH */
    record_bytes token;
    int id;
    int64_t n, n_active; /* occurrences of the path; where the feature is active on its end */
    double precision, low, high; /* n_active / n, with its 95% interval (Wilson) */
    double mean;                 /* activation over the active ones */
} record_trie_node;
enum { RECORD_TRIE_DEPTH = 4 };

#endif
