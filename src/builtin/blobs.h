/* The tables src/builtin/embed.sh generates at build time; only builtin.c reads them. */
#ifndef BUILTIN_BLOBS_H
#define BUILTIN_BLOBS_H
#include "data/files.h"

/* `rows` has n entries and one empty one after them, so it is never NULL. */
typedef struct blob_table {
    const blob *rows;
    int n;
} blob_table;

extern const blob_table blobs_model, blobs_sae, blobs_training, blobs_templates;

#endif
