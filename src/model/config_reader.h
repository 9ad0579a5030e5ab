/* Values out of a JSON object, with the names of those that were asked for: a key nobody asked for
 * is a setting nobody follows. Private to src/model. */
#ifndef MODEL_CONFIG_READER_H
#define MODEL_CONFIG_READER_H
#include "base/err.h"
#include "base/json.h"
#include <stdbool.h>

enum { READER_MAX_KEYS = 96 };

/* rc is sticky: after the first failure every read returns its fallback. */
typedef struct config_reader {
    const cJSON *object;
    const char *where;
    err *e;
    err_code rc;
    const char *asked[READER_MAX_KEYS];
    int n_asked;
} config_reader;

/* The member, or NULL when it is absent or null; either way the key was asked for. */
const cJSON *reader_member(config_reader *r, const char *key);

/* A whole number of 1 .. most. */
int read_size(config_reader *r, const char *key, int most);
/* The same, or `fallback` when the key is absent (not checked) or null. */
int read_size_or(config_reader *r, const char *key, int most, int fallback);
/* A finite number, or the fallback. */
double read_double(config_reader *r, const char *key, double fallback);
/* A finite number of least .. most, or the fallback when the key is absent. */
double read_between(config_reader *r, const char *key, double least, double most, double fallback);
bool read_bool(config_reader *r, const char *key, bool fallback);
/* Borrowed from the tree. */
const char *read_string(config_reader *r, const char *key, const char *fallback);
/* A setting that only its harmless value leaves computable: E_CONFIG when it is true. */
void refuse_true(config_reader *r, const char *key);
/* Records a failure unless there is one already. */
void reader_fail(config_reader *r, err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* E_CONFIG naming the first member that was neither asked for nor stands in one of the lists (each
 * ends in NULL). A member that is null is as good as absent. */
void refuse_unasked(config_reader *r, const char *const *idle, const char *const *more_idle,
                    const char *inside);

#endif
