/* From what a person wrote to a repository, a revision and a folder; shared by looking up and
 * fetching. */
#ifndef HUB_NAME_H
#define HUB_NAME_H
#include "hub/hub.h"
#include "hub/repo_id.h"

/* A model: "ORG/NAME[@REV]", or a short name, with or without "@REV". E_CONFIG with the nearest
 * short name when a name without '/' is none. */
err_code name_model(repo_ref *out, const char *name, arena *a, err *e);
/* An SAE: "RELEASE[@REV]/ID" or "ORG/NAME[@REV]/FOLDER", which has facts when it is the
 * place of a release's SAE. E_CONFIG with the nearest names when there is no such release or id. */
err_code name_sae(repo_ref *out, hub_sae_facts *facts, const char *name, const hub_settings *s,
                  arena *a, err *e);
/* Can this only be meant as a path ("./x", "/x", "../x", "~/x", "x/")? */
bool name_is_path(const char *name);

#endif
