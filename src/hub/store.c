/* The cache's own needs of the file system. */
#include "hub/store.h"
#include <sys/stat.h>

bool store_file_size(uint64_t *size, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    *size = (uint64_t)st.st_size;
    return true;
}
