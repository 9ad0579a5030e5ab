/* Names of repositories, revisions and files: what may stand in one, and how they are written. */
#ifndef HUB_REPO_ID_H
#define HUB_REPO_ID_H
#include "base/arena.h"
#include "base/err.h"
#include <stdbool.h>

enum { COMMIT_DIGITS = 40 };
#define MAIN_REVISION "main"

/* A repository and what is meant in it. Strings in the arena of whoever made it. */
typedef struct repo_ref {
    const char *repo;     /* "ORG/NAME", or "NAME" for the oldest repositories */
    const char *revision; /* "main" when none was given */
    const char *folder;   /* inside it, "" for the root */
} repo_ref;

/* "NAME" or "ORG/NAME" of letters, digits, '.', '_' and '-'; no "..", no "--", no '-' or '.' at the
 * ends of a part: the hub's own rules, and what keeps cache folder names unambiguous. */
bool repo_id_valid(const char *text);
/* A path below a folder: parts between single '/', none of them "." or "..", no backslash and no
 * control character. Also what a revision ("refs/pr/1") must be. */
bool relative_path_valid(const char *text);
/* Exactly 40 lower-case hex digits. */
bool commit_valid(const char *text);

/* "ORG/NAME[@REV][/FOLDER]". With slash_in_revision everything after '@' is the revision, since
 * branches may have a '/' in their names; else the revision ends at the next '/'. A single part
 * before '@' or alone is a repository without an organisation. E_CONFIG says what is wrong. */
err_code repo_ref_parse(repo_ref *out, const char *text, bool slash_in_revision, arena *a, err *e);
/* The text that repo_ref_parse reads back; ":main" and an empty folder are left out. */
const char *repo_ref_text(const repo_ref *r, arena *a);

/* "models--ORG--NAME". */
const char *repo_cache_name(const char *repo, arena *a);
/* The other id under which the same repository may lie in a cache ("gpt2" for
 * "openai-community/gpt2" and back); NULL when there is none. */
const char *repo_other_id(const char *repo);

/* The repository of a TransformerLens short name, upper or lower case; NULL when it is none. */
const char *repo_of_model(const char *short_name, arena *a);
/* The short name nearest to `name`. */
const char *repo_nearest_model(const char *name);

#endif
