/* Fields of the JSON files that describe SAEs. An absent or null member leaves the value as it is;
 * errors name `where`, the key and what was found. */
#ifndef SAE_FIELDS_H
#define SAE_FIELDS_H
#include "base/json.h"
#include "sae/config.h"

enum {
    SAE_MAX_D = 1 << 20, /* keep products of sizes inside 64 bits */
    SAE_MAX_F = 1 << 25, /* and obviously wrong files out of the allocator */
    SAE_MAX_CONTEXT = 1 << 30,
    SAE_MAX_LAYER = 9999 /* what fits the name of a hook */
};

/* The member, or NULL when it is absent or null. */
const cJSON *field(const cJSON *object, const char *key);
err_code field_bool(bool *value, const cJSON *object, const char *key, const char *where, err *e);
/* E_CONFIG for one that does not fit `size` bytes. */
err_code field_string(char *value, size_t size, const cJSON *object, const char *key,
                      const char *where, err *e);
/* E_CONFIG outside least .. most. */
err_code field_int(int *value, const cJSON *object, const char *key, int least, int most,
                   const char *where, err *e);
/* The same for a member that must be there (E_FORMAT). */
err_code need_int(int *value, const cJSON *object, const char *key, int least, int most,
                  const char *where, err *e);
/* A number above 0 that must be there. */
err_code need_positive(double *value, const cJSON *object, const char *key, const char *where,
                       err *e);
/* A member that must be an object. */
err_code need_object(const cJSON **object, const cJSON *root, const char *key, const char *where,
                     err *e);
/* Parses text that must hold one object. Owner of *root: caller, cJSON_Delete(). */
err_code object_parse(cJSON **root, const char *text, size_t n, const char *where, err *e);

/* Appends one sentence and a line end; notes may be NULL. */
void note_add(str *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
