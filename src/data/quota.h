/* Memory for what a file unpacks to, bounded by the file's own size: a small file must not be able
 * to ask for everything there is. */
#ifndef DATA_QUOTA_H
#define DATA_QUOTA_H
#include "base/err.h"
#include <stddef.h>

typedef struct quota {
    void **blocks;
    size_t n_blocks, left;
} quota;

/* 64 MiB plus four times the file. Owner: caller, quota_release(). */
quota quota_for_file(size_t file_bytes);
/* n zeroed elements, 64-byte aligned, valid until quota_release. NULL with E_FORMAT when the quota
 * is used up and E_MEMORY when there is no memory; both name `file` and `what`. */
void *quota_take(quota *q, size_t n, size_t size, const char *file, const char *what, err *e);
void quota_release(quota *q);

#endif
