/* A model's folder in words. */
#include "data/tokenizer.h"
#include "model/contents.h"
#include "pipeline/inspect.h"
#include "pipeline/inspect_text.h"
#include <string.h>

enum { NAMES_SHOWN = 3 };

static const char *activation_text(activation kind)
{
    static const char *const names[] = {[ACTIVATION_GELU] = "gelu (erf)",
                                        [ACTIVATION_GELU_TANH] = "gelu (tanh)",
                                        [ACTIVATION_SILU] = "silu",
                                        [ACTIVATION_RELU] = "relu"};
    return names[kind];
}

static void add_positions(str *out, const model_config *c)
{
    static const char *const scalings[] = {"", ", linear scaling", ", llama3 scaling"};
    if (c->rotary)
        inspect_line(out, "positions", "rotary, %d of %d numbers a head, base %g%s", c->rotary,
                     c->d_head, c->rope_theta, scalings[c->rope.kind]);
    else
        inspect_line(out, "positions", c->learned_positions ? "learned" : "none");
}

static void add_window(str *out, const model_config *c)
{
    int windowed = 0;
    for (int l = 0; l < c->n_layers; l++)
        windowed += c->windowed[l];
    if (windowed)
        inspect_line(out, "window", "%d tokens in %d of %d layers", c->window, windowed,
                     c->n_layers);
}

static void add_softcaps(str *out, const model_config *c)
{
    if (c->attention_softcap > 0 || c->final_softcap > 0)
        inspect_line(out, "soft-caps", "attention scores %g, logits %g (0: none)",
                     (double)c->attention_softcap, (double)c->final_softcap);
}

static void add_shape(str *out, const model_config *c)
{
    inspect_line(out, "model", "%s, %d %s blocks", config_family_name(c->family), c->n_layers,
                 c->parallel ? "parallel" : "sequential");
    inspect_line(out, "width", "d_model %d, d_mlp %d, d_vocab %d, context %d", c->d_model, c->d_mlp,
                 c->d_vocab, c->context);
    inspect_line(out, "attention", "%d heads of %d, %d with keys and values%s", c->n_heads,
                 c->d_head, c->n_kv_heads, c->qk_norm ? ", normalised" : "");
    inspect_line(out, "norm", "%s, eps %g%s%s", c->norm == NORM_LAYER ? "LayerNorm" : "RMSNorm",
                 (double)c->norm_eps, c->gain_plus_one ? ", gain 1 + w" : "",
                 c->post_norms ? ", also after attention and mlp" : "");
    inspect_line(out, "mlp", "%s%s", activation_text(c->act), c->gated ? ", gated" : "");
    add_positions(out, c);
    add_window(out, c);
    add_softcaps(out, c);
    inspect_line(out, "logits", c->tied ? "from the embedding" : "from a matrix of their own");
}

static void add_weights(str *out, const model_contents *m)
{
    char bytes[BYTES_TEXT];
    str kinds = {0};
    for (int i = 0; i < m->n_kinds; i++)
        str_addf(&kinds, "%s%s %s", i ? ", " : "", m->kinds[i].name,
                 bytes_text(bytes, (double)m->kinds[i].bytes));
    inspect_line(out, "weights", "%.1f M parameters in %d tensors, %d file%s: %s",
                 (double)m->n_parameters / 1e6, m->n_weights, m->n_files, m->n_files > 1 ? "s" : "",
                 str_text(&kinds));
    str_release(&kinds);
    if (!m->n_ignored)
        return;
    str names = {0};
    for (int i = 0; i < m->n_ignored && i < NAMES_SHOWN; i++)
        str_addf(&names, "%s%s", i ? ", " : "", m->ignored[i]);
    inspect_line(out, "ignored", "%d tensor%s that follow%s from the config: %s%s", m->n_ignored,
                 m->n_ignored > 1 ? "s" : "", m->n_ignored > 1 ? "" : "s", str_text(&names),
                 m->n_ignored > NAMES_SHOWN ? ", ..." : "");
    str_release(&names);
}

static err_code add_tokenizer(str *out, const files *f, const model_config *c, err *e)
{
    tokenizer *t;
    err_code rc = tokenizer_open(&t, f, e);
    if (rc)
        return rc;
    int bos = tokenizer_bos(t), size = tokenizer_size(t);
    const char *name = "";
    size_t n = 0;
    if (bos >= 0)
        tokenizer_bytes(t, bos, &name, &n);
    if (bos < 0)
        inspect_line(out, "tokenizer", "%d tokens, no BOS", size);
    else
        inspect_line(out, "tokenizer", "%d tokens, BOS %.*s (%d)", size, (int)n, name, bos);
    if (size < c->d_vocab)
        inspect_line(out, "", "%d embeddings have no token", c->d_vocab - size);
    tokenizer_free(t);
    return OK;
}

/* The hooks of one width that are not shown yet: those of the whole, then those of a block. */
static void add_hooks_like(str *out, const model_config *c, int width, bool *shown)
{
    static const char block[] = "blocks.0.";
    hook h;
    str whole = {0}, inside = {0};
    for (int i = 0; i < HOOK_SITES; i++) {
        if (!hook_of_site(&h, c, (hook_site)i, 0) || !hook_is_writable(&h) || h.width != width)
            continue;
        bool in_block = !strncmp(h.name, block, strlen(block));
        str *list = in_block ? &inside : &whole;
        str_addf(list, "%s%s", list->len ? ", " : "", in_block ? h.name + strlen(block) : h.name);
        shown[i] = true;
    }
    if (whole.len)
        inspect_line(out, "", "%6d  %s", width, str_text(&whole));
    if (inside.len)
        inspect_line(out, "", "%6d  blocks.0. to blocks.%d.: %s", width, c->n_layers - 1,
                     str_text(&inside));
    str_release(&whole);
    str_release(&inside);
}

static void add_hooks(str *out, const model_config *c)
{
    hook h;
    bool shown[HOOK_SITES] = {0};
    inspect_line(out, "hook points", "numbers per token, names");
    for (int i = 0; i < HOOK_SITES; i++)
        if (!shown[i] && hook_of_site(&h, c, (hook_site)i, 0) && hook_is_writable(&h))
            add_hooks_like(out, c, h.width, shown);
}

static void add_memory(str *out, const model_contents *m)
{
    char mapped[BYTES_TEXT], owned[BYTES_TEXT], run[BYTES_TEXT], gradient[BYTES_TEXT];
    double bytes = 0;
    for (int i = 0; i < m->n_kinds; i++)
        bytes += (double)m->kinds[i].bytes;
    inspect_line(out, "memory", "%s of files mapped, read as needed; %s beside them",
                 bytes_text(mapped, bytes), bytes_text(owned, (double)m->owned_bytes));
    inspect_line(out, "", "one sequence of %d tokens: %s to the logits, %s with the gradient",
                 m->tokens, bytes_text(run, (double)m->run_bytes),
                 bytes_text(gradient, (double)m->gradient_bytes));
}

err_code inspect_model(str *out, const model_place *place, int tokens, err *e)
{
    model_contents m;
    arena memory = {0};
    err_code rc = model_look(&m, &place->files, tokens, &memory, e);
    if (!rc) {
        str_addf(out, "%s\n", place->files.label);
        if (place->repo)
            inspect_line(out, "folder", "%s", place->files.dir);
        add_shape(out, &m.config);
        add_weights(out, &m);
        rc = add_tokenizer(out, &place->files, &m.config, e);
    }
    if (!rc) {
        add_hooks(out, &m.config);
        add_memory(out, &m);
    }
    arena_release(&memory);
    return rc;
}
