/* Answers kept on disk. */
#ifndef NET_CHAT_CACHE_H
#define NET_CHAT_CACHE_H
#include "base/progress.h"
#include "base/str.h"

/* DIR/HASH.json holds address, request and answer. A file that is damaged, or of another request,
 * counts as missing; then it is warned of. */
bool chat_cache_load(str *answer, const char *dir, const char *url, const str *request,
                     reporter *r);
/* The file whose lock whoever asks the question holds: DIR/HASH.json.lock. */
void chat_cache_name_lock(str *path, const char *dir, const char *url, const str *request);
/* Written whole or not at all; the folder is made. */
err_code chat_cache_save(const char *dir, const char *url, const str *request, const char *answer,
                         err *e);

#endif
