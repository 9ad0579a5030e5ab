/* Which words before it make a feature fire on a token: a tree of suffixes. A node's path is the
 * token that the feature is read at and the tokens before it, read backwards.
 *
 * After Neuron to Graph (Foote et al. 2023), with two differences: occurrences are counted over all
 * text instead of a feature's strongest examples, so that a path's share of active occurrences is
 * its true precision; and a path stays for a measured gain, not for what masking a token did. */
#ifndef FEATURES_SUFFIX_TRIE_H
#define FEATURES_SUFFIX_TRIE_H
#include "features/survey.h"
#include "features/text_index.h"

enum { TRIE_DEPTH = 4 };

typedef struct trie_options {
    int64_t least_active; /* a path that is active less often is left out */
    double gain;          /* a path stays when its share of active occurrences, at the lower end of
                             its Wilson interval, is this far above that of every shorter one (the
                             shortest: the feature's density), or when a longer one stays */
    int most;             /* nodes; the most often active are kept */
} trie_options;

typedef struct trie_node {
    int32_t token;       /* of depth 1 the one the feature is read at, then the ones before it */
    int depth;           /* 1 .. TRIE_DEPTH */
    int64_t n, n_active; /* occurrences of the path at counted tokens; where the feature is active
                            on the path's last token */
    double mean;         /* activation over the active ones */
} trie_node;

/* The tree depth first, so that a node's parent is the last node before it of one depth less; of
 * one parent's children the most often active first, ties by token. Paths do not reach over a
 * prompt's beginning; the BOS is a token of a path like others, but never its last. From `a`.
 * Returns how many nodes. `index` is of the same prompts. */
int survey_suffix_trie(trie_node **out, const survey *s, int which, const prompt_set *p,
                       const text_index *index, const trie_options *o, arena *a);

#endif
