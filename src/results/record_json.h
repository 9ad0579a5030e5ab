/* Structs to JSON trees and back, by their schema. */
#ifndef RESULTS_RECORD_JSON_H
#define RESULTS_RECORD_JSON_H
#include "base/arena.h"
#include "base/json.h"
#include "results/schema.h"

/* Adds the members of `item` (a struct described by s) to `object`, in schema order. Bytes that are
 * not clean UTF-8 become {"text": shown, "hex": exact}. */
void record_to_json(cJSON *object, const schema *s, const void *item);

/* What is put into `item`, zeroed before, in place of a member that its file does not hold. */
void record_leave_out(void *item, const field *f);

/* Fills `item` (zeroed) from `object`, out of a file of that schema version; memory from `a`. Every
 * member that the version holds must be there with its type, the others are left empty, numbers
 * NaN; lists that share a count must agree, unknown members are refused. `skip` (NULL: none) is a
 * key of `object` that is not a member. E_FORMAT names the path of the member inside the object. */
err_code record_from_json(void *item, arena *a, const schema *s, const cJSON *object, int version,
                          const char *skip, err *e);

#endif
