/* What became of a text, word by word. */
#ifndef COMPARE_WORDS_H
#define COMPARE_WORDS_H
#include "base/arena.h"
#include "results/record_activity.h"

typedef enum { WORDS_KEPT, WORDS_REMOVED, WORDS_ADDED } words_kind;

/* Neighbouring words of one kind, as they stand in their text, spaces between them included. */
typedef struct words_piece {
    words_kind kind;
    record_bytes text;
} words_piece;

/* A word is what stands between spaces, those of tokens between backticks left out. The pieces keep
 * the longest common subsequence of words; of what changed in one place, what was removed stands
 * first. Texts that differ in spaces alone have one piece, kept. Beyond WORDS_MOST words between
 * common beginning and common end all of them are said to be removed and added. Texts are borrowed;
 * the list is from `a`. */
enum { WORDS_MOST = 2000 };
words_piece *words_compare(int *n, record_bytes before, record_bytes after, arena *a);

#endif
