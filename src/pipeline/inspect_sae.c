/* An SAE's folder, and single weights files, in words. */
#include "base/memory.h"
#include "data/tensor_file.h"
#include "pipeline/inspect.h"
#include "pipeline/inspect_text.h"
#include <math.h>

static void add_origin(str *out, const sae_config *c)
{
    char context[32] = "", processing[SAE_PROCESSING_TEXT];
    inspect_line(out, "hook", "%s", c->hook[0] ? c->hook : "not said: give model.hook");
    if (c->has_head)
        inspect_line(out, "head", "%d", c->head);
    if (c->transcoder)
        inspect_line(out, "predicts", "%s", c->hook_out[0] ? c->hook_out : "not said");
    if (c->model[0])
        inspect_line(out, "made for", "%s", c->model);
    if (*sae_processing_text(processing, c))
        inspect_line(out, "model loaded with", "%s", processing);
    if (c->context)
        snprintf(context, sizeof context, ", %d tokens each", c->context);
    inspect_line(out, "trained on", "sequences %s BOS%s", c->prepend_bos ? "with" : "without",
                 context);
}

static void add_thresholds(str *out, const sae *s)
{
    const float *threshold_F = sae_thresholds(s);
    int F = sae_describe(s)->d_sae, positive = 0;
    float least = threshold_F[0], most = threshold_F[0];
    for (int f = 0; f < F; f++) {
        least = fminf(least, threshold_F[f]);
        most = fmaxf(most, threshold_F[f]);
        positive += threshold_F[f] > 0;
    }
    if (positive)
        inspect_line(out, "thresholds", "%g to %g, above 0 for %d features", (double)least,
                     (double)most, positive);
}

static void add_sparsity(str *out, const sae *s)
{
    const float *log_F = sae_log_sparsity(s);
    int F = sae_describe(s)->d_sae, rare = 0, dense = 0;
    double l0 = 0;
    for (int f = 0; log_F && f < F; f++) {
        double frequency = pow(10, (double)log_F[f]);
        l0 += frequency;
        rare += frequency < 1e-6;
        dense += frequency > 0.1;
    }
    if (log_F)
        inspect_line(out, "sparsity file",
                     "L0 %.1f; %d features below one in a million tokens, %d above one in ten", l0,
                     rare, dense);
}

static void add_kind(str *out, const sae_config *c)
{
    char name[SAE_ARCHITECTURE_TEXT];
    inspect_line(out, "kind", "%s", sae_architecture_name(name, c));
    inspect_line(out, "width", "d_in %d, d_sae %d, d_out %d", c->d_in, c->d_sae, c->d_out);
    if (c->k)
        inspect_line(out, "k", "%d features a token", c->k);
    inspect_line(out, "input", "normalisation %s, decoder bias %s", sae_normalization_name(c),
                 c->apply_b_dec_to_input ? "subtracted" : "not subtracted");
}

static void add_memory(str *out, const sae_config *c)
{
    char bytes[BYTES_TEXT];
    double numbers = ((double)c->d_in + c->d_out) * c->d_sae;
    inspect_line(out, "memory", "%s, %s for the activations of 1,000 tokens",
                 bytes_text(bytes, numbers * sizeof(float)),
                 bytes_text((char[BYTES_TEXT]){0}, 1000.0 * c->d_sae * sizeof(float)));
}

err_code inspect_sae(str *out, const sae_place *place, err *e)
{
    sae *s = NULL;
    backend *be = backend_ref();
    err_code rc = sae_load(&s, be, &place->files, &place->hints, e);
    if (!rc) {
        int n;
        const char *const *notes = sae_notes(&n, s);
        str_addf(out, "%s\n", place->files.label);
        if (place->files.dir)
            inspect_line(out, "folder", "%s", place->files.dir);
        inspect_line(out, "SAE", "%s files", sae_layout_name(s));
        add_kind(out, sae_describe(s));
        add_origin(out, sae_describe(s));
        add_thresholds(out, s);
        add_sparsity(out, s);
        for (int i = 0; i < n; i++)
            inspect_line(out, "note", "%s", notes[i]);
        add_memory(out, sae_describe(s));
    }
    sae_free(s);
    backend_free(be);
    return rc;
}

err_code inspect_file(str *out, const char *path, err *e)
{
    mapping map = {0};
    tensor_file file = {0};
    char bytes[BYTES_TEXT];
    err_code rc = io_map(&map, path, e);
    if (!rc)
        rc = tensor_file_parse(&file, map.data, map.size, path, e);
    if (!rc) {
        str_addf(out, "%s\n", path);
        inspect_line(out, "file", "%s, %d tensors", bytes_text(bytes, (double)map.size),
                     file.n_tensors);
    }
    for (int i = 0; i < file.n_metadata && !rc; i++)
        inspect_line(out, "metadata", "%s = %s", file.metadata[i][0], file.metadata[i][1]);
    for (int i = 0; i < file.n_tensors && !rc; i++) {
        str shape = {0};
        stored_tensor_describe(&shape, &file.tensors[i]);
        inspect_line(out, "", "%s %s", file.tensors[i].name, str_text(&shape));
        str_release(&shape);
    }
    tensor_file_close(&file);
    io_unmap(&map);
    return rc;
}
