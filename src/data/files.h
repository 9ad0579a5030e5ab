/* Where the files of a model or an SAE come from: a folder on disk, or a table linked into the
 * program. Everything that loads weights or a tokenizer goes through here, so the built-in model
 * is read by the same code as any other. */
#ifndef DATA_FILES_H
#define DATA_FILES_H
#include "base/arena.h"
#include "base/err.h"
#include "base/io.h"
#include "base/sha256.h"
#include <stdbool.h>
#include <stddef.h>

/* One built-in file. Name and bytes live as long as the program. */
typedef struct blob {
    const char *name;
    const unsigned char *data;
    size_t size;
} blob;

/* A set of named files. All pointers are borrowed and must outlive the set; copying it is cheap. */
typedef struct files {
    const char *label; /* the folder's path, or what the user reads instead ("built-in model") */
    const char *dir;   /* NULL when the files are built in */
    const blob *blobs; /* NULL when the files are on disk */
    int n_blobs;
} files;

/* The folder need not exist yet; opening a file in it says what is wrong. */
files files_from_dir(const char *dir);
/* `label` stands for the folder in messages. */
files files_from_blobs(const char *label, const blob *blobs, int n_blobs);

/* Maps the file `name`. A name is a plain file name: "" "." ".." and anything with / or \ is
 * refused (E_FORMAT), because names also come out of index files that nobody vouches for.
 * Owner: caller, io_unmap (which does nothing for built-in bytes). Errors name label/name. */
err_code files_open(mapping *out, const files *f, const char *name, err *e);
bool files_has(const files *f, const char *name);
/* Adds those of the n named files that are there, with their names and sizes: of files up to
 * FILES_WHOLE every byte, of larger ones FILES_SAMPLE bytes from the beginning (a safetensors
 * header) and from every FILES_STEP on, so that a checkpoint of many GB costs no minutes.
 * E_CANCELLED on Ctrl-C. */
enum { FILES_WHOLE = 1 << 30, FILES_SAMPLE = 4 << 10, FILES_STEP = 1 << 20 };
err_code files_hash(sha256 *h, const files *f, const char *const *names, int n, err *e);

/* "label/name" for messages; memory from the arena. */
const char *files_path(const files *f, const char *name, arena *a);

#endif
