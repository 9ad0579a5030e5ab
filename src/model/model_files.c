/* Models from and to Hugging Face folders. */
#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "model/family.h"
#include "model/weights.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_CONFIG_BYTES = 1 << 20 };

static err_code read_config(model_config *out, const files *f, err *e)
{
    mapping map = {0};
    arena names = {0};
    err_code rc = files_open(&map, f, "config.json", e);
    if (rc)
        goto out;
    const char *path = files_path(f, "config.json", &names);
    if (map.size > MAX_CONFIG_BYTES)
        rc = err_set(e, E_FORMAT, "%s: %zu bytes are too many for a config", path, map.size);
    else
        rc = config_parse(out, (const char *)map.data, map.size, path, e);
out:
    io_unmap(&map);
    arena_release(&names);
    return rc;
}

/* Buffers that older transformers stored beside the weights; they follow from the config. */
bool model_is_buffer(const char *name)
{
    static const char *const endings[] = {".attn.bias", ".attn.masked_bias", ".attention.bias",
                                          ".attention.masked_bias", ".rotary_emb.inv_freq"};
    size_t n = strlen(name);
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        size_t k = strlen(endings[i]);
        if (n >= k && !strcmp(name + n - k, endings[i]))
            return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A weight nobody reads would mean that the network is not the one its file describes. Sorted names
 * keep a file with a million tensors from costing more than reading it did. */
static err_code refuse_unread(const model *m, err *e)
{
    err_code rc = OK;
    const char **names = mem_small((size_t)m->n_parameters, sizeof *names);
    for (int i = 0; i < m->n_parameters; i++)
        names[i] = m->parameters[i].name;
    qsort(names, (size_t)m->n_parameters, sizeof *names, by_name);
    for (int i = 0; i < m->file.n_tensors && !rc; i++) {
        const stored_tensor *t = m->file.tensors[i];
        if (!model_is_buffer(t->name) &&
            !bsearch(&t->name, names, (size_t)m->n_parameters, sizeof *names, by_name))
            rc = err_set(e, E_FORMAT,
                         "%s: the tensor \"%.200s\" has no place in the model that config.json "
                         "describes",
                         t->file, t->name);
    }
    mem_free(names);
    return rc;
}

static number_type number_type_of(const stored_tensor *t)
{
    return t->type == DTYPE_F16 ? NUMBER_F16 : t->type == DTYPE_BF16 ? NUMBER_BF16 : NUMBER_F32;
}

static err_code read_converted(model *m, int i, const stored_tensor *t, err *e)
{
    float *host = mem_array(t->count, sizeof *host, t->name, e);
    if (!host)
        return e->code;
    err_code rc = stored_tensor_load_f32(host, t, -1, NULL, e);
    for (size_t j = 0; j < t->count && !rc; j++)
        host[j] += m->forms[i].offset;
    if (!rc)
        rc = parameter_copy(m, i, host, NUMBER_F32, e);
    mem_free(host);
    return rc;
}

/* A matrix whose address suits its numbers is used where it lies: a mapped model costs no memory
 * and opens at once. */
parameter_reading parameter_how(const model *m, int i, const stored_tensor *t)
{
    if (!m->forms[i].keeps_type || t->type == DTYPE_F64) /* no kernel reads those */
        return READ_CONVERTED;
    bool aligned = (uintptr_t)t->bytes % number_size(number_type_of(t)) == 0;
    return m->be->in_host_memory && aligned ? READ_IN_PLACE : READ_COPIED;
}

static err_code read_parameter(model *m, int i, err *e)
{
    const weight_form *form = &m->forms[i];
    const int64_t shape[] = {form->rows, form->columns};
    const stored_tensor *t;
    err_code rc = checkpoint_get(&t, &m->file, m->parameters[i].name, form->rank, shape, e);
    if (!rc)
        rc = stored_tensor_check_finite(t, e);
    if (rc)
        return rc;
    switch (parameter_how(m, i, t)) {
    case READ_CONVERTED:
        return read_converted(m, i, t, e);
    case READ_COPIED:
        return parameter_copy(m, i, t->bytes, number_type_of(t), e);
    case READ_IN_PLACE:
        break;
    }
    parameter_lend(m, i, t->bytes, number_type_of(t));
    return OK;
}

err_code model_read_parameters(model *m, err *e)
{
    err_code rc = OK;
    for (int i = 0; i < m->n_parameters && !rc; i++) {
        rc = read_parameter(m, i, e);
        if (!rc) /* large ones are read from a disk */
            rc = cancel_check(e);
    }
    return rc;
}

static bool has_tensor(const checkpoint *file, const char *prefix, const char *name)
{
    str whole = {0};
    str_addf(&whole, "%s%s.weight", prefix, name);
    bool found = checkpoint_find(file, str_text(&whole)) != NULL;
    str_release(&whole);
    return found;
}

/* A stored output matrix is used even when the config says that the embedding is shared, and a file
 * may name its tensors without the family's prefix. */
static model *model_declare_for(backend *be, model_config *c, const checkpoint *file)
{
    const tensor_names *names = &family_of(c->family)->names;
    if (has_tensor(file, "", names->unembed))
        c->tied = false;
    bool bare =
        !has_tensor(file, names->prefix, names->embed) && has_tensor(file, "", names->embed);
    return model_declare(be, c, bare);
}

err_code model_open(model **out, backend *be, const files *f, err *e)
{
    *out = NULL;
    model_config config;
    checkpoint file = {0};
    err_code rc = read_config(&config, f, e);
    if (!rc)
        rc = checkpoint_open(&file, f, e);
    if (rc)
        return rc;
    model *m = model_declare_for(be, &config, &file);
    m->file = file;
    rc = refuse_unread(m, e);
    if (rc)
        model_free(m);
    else
        *out = m;
    return rc;
}

err_code model_load(model **out, backend *be, const files *f, err *e)
{
    model *m;
    *out = NULL;
    err_code rc = model_open(&m, be, f, e);
    if (!rc)
        rc = model_read_parameters(m, e);
    if (rc)
        model_free(m);
    else
        *out = m;
    return rc;
}

static const char *activation_name(activation kind)
{
    static const char *const names[] = {[ACTIVATION_GELU] = "gelu",
                                        [ACTIVATION_GELU_TANH] = "gelu_new",
                                        [ACTIVATION_SILU] = "silu",
                                        [ACTIVATION_RELU] = "relu"};
    return names[kind];
}

/* As config.json shows it and its readers turn it back: a count through a rounded share. */
static bool rotary_survives(const model_config *c)
{
    char text[NUMBER_TEXT];
    double share = strtod(number_text(text, (double)c->rotary / c->d_head), NULL);
    return (int)(c->d_head * share) == c->rotary;
}

/* GPT-NeoX files can say none of these. */
static const char *not_neox(const model_config *c)
{
    return c->family != FAMILY_GPT_NEOX           ? "another family"
           : c->norm != NORM_LAYER                ? "rmsnorm"
           : c->gain_plus_one                     ? "gains counted from 1"
           : c->window                            ? "attention windows"
           : c->scale_by_layer                    ? "attention scaled by layer"
           : c->rope.kind != ROPE_PLAIN           ? "rotary scaling"
           : c->n_heads * c->d_head != c->d_model ? "heads that do not add up to the model width"
           : !c->mlp_bias                         ? "no mlp bias"
           : c->qkv_bias != c->attention_out_bias ? "half of the attention biases"
           : c->embed_scale != 1.0f               ? "a scaled embedding"
           : c->attention_scale > 0               ? "an attention scale of its own"
           : c->attention_softcap > 0 || c->final_softcap > 0 ? "a softcap"
           : !rotary_survives(c) ? "a rotating share without a short decimal"
                                 : NULL;
}

static err_code write_config(const model_config *c, const char *path, err *e)
{
    cJSON *o = cJSON_CreateObject();
    json_add_array(o, "architectures");
    cJSON_AddItemToArray(cJSON_GetObjectItem(o, "architectures"),
                         cJSON_CreateString("GPTNeoXForCausalLM"));
    json_add_string(o, "model_type", "gpt_neox");
    json_add_string(o, "torch_dtype", "float32");
    json_add_number(o, "hidden_size", c->d_model);
    json_add_number(o, "num_hidden_layers", c->n_layers);
    json_add_number(o, "num_attention_heads", c->n_heads);
    json_add_number(o, "intermediate_size", c->d_mlp);
    json_add_number(o, "vocab_size", c->d_vocab);
    json_add_number(o, "max_position_embeddings", c->context);
    json_add_number(o, "layer_norm_eps", (double)c->norm_eps);
    json_add_string(o, "hidden_act", activation_name(c->act));
    json_add_number(o, "rotary_pct", (double)c->rotary / c->d_head);
    json_add_number(o, "rotary_emb_base", c->rope_theta);
    json_add_bool(o, "use_parallel_residual", c->parallel);
    json_add_bool(o, "attention_bias", c->qkv_bias);
    json_add_bool(o, "tie_word_embeddings", c->tied);
    if (c->bos >= 0)
        json_add_number(o, "bos_token_id", c->bos);
    if (c->eos >= 0)
        json_add_number(o, "eos_token_id", c->eos);
    err_code rc = json_write(path, o, e);
    cJSON_Delete(o);
    return rc;
}

static err_code write_weights(const model *m, const char *path, err *e)
{
    static const char *const metadata[][2] = {{"format", "pt"}};
    err_code rc = OK;
    tensor_entry *entries = mem_small((size_t)m->n_parameters, sizeof *entries);
    float **host = mem_small((size_t)m->n_parameters, sizeof *host);
    for (int i = 0; i < m->n_parameters && !rc; i++) {
        const parameter *p = &m->parameters[i];
        const weight_form *form = &m->forms[i];
        host[i] = mem_array(p->n, sizeof **host, p->name, e);
        if (!host[i]) {
            rc = e->code;
            break;
        }
        rc = parameter_download(host[i], m, p, e);
        entries[i] = (tensor_entry){.name = p->name,
                                    .type = DTYPE_F32,
                                    .rank = form->rank,
                                    .shape = {form->rows, form->columns},
                                    .values = host[i]};
    }
    if (!rc)
        rc = safetensors_write(path, entries, m->n_parameters, metadata, 1, e);
    for (int i = 0; i < m->n_parameters; i++)
        mem_free(host[i]);
    mem_free(host);
    mem_free(entries);
    return rc;
}

err_code model_save(const model *m, const char *dir, err *e)
{
    arena names = {0};
    const char *difference = not_neox(&m->config);
    err_code rc = OK;
    if (difference)
        rc = err_set(e, E_CONFIG, "a model with %s cannot be written as GPT-NeoX", difference);
    if (!rc)
        rc = write_config(&m->config, path_join(&names, dir, "config.json"), e);
    if (!rc)
        rc = write_weights(m, path_join(&names, dir, "model.safetensors"), e);
    arena_release(&names);
    return rc;
}
