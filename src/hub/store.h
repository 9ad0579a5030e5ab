/* What the cache needs of the file system beyond base/io.h: sizes behind links. */
#ifndef HUB_STORE_H
#define HUB_STORE_H
#include <stdbool.h>
#include <stdint.h>

/* Is path, links followed, a regular file? Its size. */
bool store_file_size(uint64_t *size, const char *path);

#endif
