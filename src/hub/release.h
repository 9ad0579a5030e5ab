/* SAELens's releases: from "RELEASE/SAE_ID" to a repository, a folder in it, and facts.
 *
 * A row covers many SAEs through variables, one capital letter in braces:
 *   {L}      a layer, a decimal number from first_layer to last_layer
 *   {N}      only in the folder, after {L}: the layer's entry of `picks`
 *   others   ({W}, {S}, ...) any text without '/'
 * What a variable stood for in release and id replaces it in repo, folder, model and hooks.
 *
 * A user's own table is a JSON file ($SAEINV_RELEASES, hub/hub.h). Its rows come before the
 * built-in ones; of the keys only release, id, repo and folder must be there:
 *
 *   {"releases": [
 *     {"release": "my-saes", "id": "blocks.{L}.hook_mlp_out",
 *      "repo": "me/my-saes", "folder": "{L}-mlp", "layers": [0, 5],
 *      "layout": "sae_lens", "model": "pythia-70m-deduped", "hook": "blocks.{L}.hook_mlp_out",
 *      "hook_out": "blocks.{L}.hook_mlp_out", "context": 128, "prepend_bos": true,
 *      "normalize_activations": "none", "center_writing_weights": false, "fold_ln": false,
 *      "picks": [105, 102, 141, 59, 124, 68], "norm_scaling_factor": 1.05}
 *   ]}
 *
 * norm_scaling_factor may be a list with one entry per layer. */
#ifndef HUB_RELEASE_H
#define HUB_RELEASE_H
#include "hub/hub.h"
#include "hub/repo_id.h"

typedef struct release_row {
    const char *release, *id, *repo, *folder;
    int first_layer, last_layer;
    const char *layout, *model, *hook, *hook_out, *normalize_activations;
    int context;
    hub_answer prepend_bos, center_writing_weights, fold_ln;
    const int *picks;      /* one per layer, NULL: none */
    const double *scaling; /* norm_scaling_factor, NULL: none */
    int n_scaling;         /* 1, or one per layer */
} release_row;

typedef struct release_table {
    const release_row *rows; /* in their order: the first that matches counts */
    int n;
} release_table;

/* The user's rows, then the built-in ones; in the arena. Errors name file and row. */
err_code release_table_read(release_table *out, const char *user_file, arena *a, err *e);
/* The built-in rows; valid for the program's life. */
release_table release_table_builtin(void);
/* The rows of a user's file; E_FORMAT names the file, the row and the key. */
err_code release_rows_read(release_row **rows, int *n, const char *path, arena *a, err *e);

/* Is the text before the first '/' or '@' the name of a release? */
bool release_known(const release_table *t, const char *name);
/* Fills place and facts for "RELEASE[@REV]/SAE_ID". E_CONFIG with the nearest ids when the release
 * has no such SAE, with the nearest releases when there is no such release. */
err_code release_find(repo_ref *place, hub_sae_facts *facts, const release_table *t,
                      const char *name, arena *a, err *e);
/* The facts of the release that a repository's folder belongs to, so that an SAE named by its place
 * is treated like the same one named by its release. False: it belongs to none. */
bool release_of_folder(hub_sae_facts *facts, const release_table *t, const repo_ref *place,
                       arena *a);
/* The release nearest to the name's first part. */
const char *release_nearest(const release_table *t, const char *name, arena *a);

#endif
