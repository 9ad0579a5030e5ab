/* A stage's result between runs: kept by an earlier one, or in the hands of another one now.
 *
 * Two runs may share a cache folder (collect.cache_dir). Whoever works out a result holds its lock,
 * KIND-KEY.lock; another run that needs the very same result waits for it and then uses it. Runs
 * that need different results never wait for one another. */
#ifndef PIPELINE_KEPT_H
#define PIPELINE_KEPT_H
#include "base/draft.h"
#include "base/file_lock.h"
#include "pipeline/study.h"

typedef struct kept {
    draft draft;  /* first: the draft that kept_draft() gives is a kept * */
    study *study; /* borrowed, as is kind */
    const char *kind;
    char key[SHA256_HEX];
    bool found;
    str payload; /* what was found */
    str lock_path;
    file_lock lock;
} kept;

/* Looks for the result, which found and payload then tell. Where there is none and this run may use
 * and is to keep one, it is this run's to work out until kept_close(); first that of another run is
 * waited for, in one line for each kind. Ctrl-C ends the wait. Must be closed after errors too. */
err_code kept_find(kept *k, study *s, const char *kind, const char *key, err *e);
/* An empty text for the result that was worked out; NULL: nothing is kept. */
str *kept_room(kept *k);
/* Keeps what was put into that text. */
err_code kept_save(kept *k, err *e);
/* For work that can be gone on with: what a run that was stopped left of it, which is said, and
 * where this one's state is kept until the result is. */
draft *kept_draft(kept *k);
void kept_close(kept *k);

#endif
