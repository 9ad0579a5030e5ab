/* Kept results: one file per result, found by a key over everything it depends on, with a checksum.
 *
 * A file holds raw arrays in this machine's byte order; another machine, program version or a
 * damaged file simply does not match and the result is computed again. */
#ifndef PIPELINE_STORE_H
#define PIPELINE_STORE_H
#include "base/err.h"
#include "base/packed.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "base/str.h"
#include <stdbool.h>

/* A key is the hash of what is added; each piece is preceded by its length, so that pieces cannot
 * run together. */
typedef struct store_key {
    sha256 hash;
} store_key;
store_key store_key_start(const char *kind, int version);
void store_key_text(store_key *k, const char *text);
void store_key_bytes(store_key *k, const void *data, size_t n);
void store_key_finish(store_key *k, char hex[SHA256_HEX]);

/* Writes DIR/KIND-KEY.bin; the folder is made. Nobody else may be writing the same: its lock is the
 * caller's to take, under the name that store_name_lock() gives. */
err_code store_save(const char *dir, const char *kind, const char *key, const str *payload, err *e);
void store_name_lock(str *path, const char *dir, const char *kind, const char *key);
void store_name_file(str *path, const char *dir, const char *kind, const char *key);
/* True and the payload when the file is there and whole. A damaged file is warned of and counts as
 * missing. */
bool store_load(str *payload, const char *dir, const char *kind, const char *key, reporter *r);
/* Removes it; nothing to remove is fine. */
void store_remove(const char *dir, const char *kind, const char *key);

#endif
