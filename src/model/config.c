/* Checking a model's description before anything is allocated from it. */
#include "base/memory.h"
#include "model/family.h"
#include <limits.h>
#include <math.h>

/* Above every published model of these families, and small enough that products of two sizes times
 * a batch stay inside size_t and every single size inside int. */
enum { MAX_WIDTH = 1 << 17, MAX_HEADS = 1 << 12, MAX_VOCABULARY = 1 << 22, MAX_CONTEXT = 1 << 21 };

static err_code check_sizes(const model_config *c, const char *where, err *e)
{
    const struct {
        const char *name;
        int value, most;
    } sizes[] = {{"number of layers", c->n_layers, CONFIG_MAX_LAYERS},
                 {"model width", c->d_model, MAX_WIDTH},
                 {"number of heads", c->n_heads, MAX_HEADS},
                 {"number of key-value heads", c->n_kv_heads, MAX_HEADS},
                 {"head width", c->d_head, MAX_WIDTH},
                 {"mlp width", c->d_mlp, MAX_WIDTH * 8},
                 {"vocabulary", c->d_vocab, MAX_VOCABULARY},
                 {"context", c->context, MAX_CONTEXT}};
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        if (sizes[i].value < 1 || sizes[i].value > sizes[i].most)
            return err_set(e, E_CONFIG, "%s: the %s is %d, but should be 1 to %d", where,
                           sizes[i].name, sizes[i].value, sizes[i].most);
    return OK;
}

static err_code check_heads(const model_config *c, const char *where, err *e)
{
    if (c->n_heads % c->n_kv_heads)
        return err_set(e, E_CONFIG, "%s: %d heads cannot share %d key-value heads evenly", where,
                       c->n_heads, c->n_kv_heads);
    if ((c->n_heads + 2LL * c->n_kv_heads) * c->d_head > INT_MAX / 4)
        return err_set(e, E_CONFIG, "%s: %d heads of width %d are too large", where, c->n_heads,
                       c->d_head);
    if (c->qkv_interleaved && c->n_heads != c->n_kv_heads)
        return err_set(e, E_CONFIG, "%s: interleaved heads need as many keys as queries", where);
    if (!(c->attention_scale >= 0 && isfinite(c->attention_scale)) ||
        !(c->attention_softcap >= 0 && isfinite(c->attention_softcap)) ||
        !(c->final_softcap >= 0 && isfinite(c->final_softcap)) ||
        !(c->embed_scale > 0 && isfinite(c->embed_scale)))
        return err_set(e, E_CONFIG, "%s: a scale or softcap is not a positive number", where);
    if (c->window < 0)
        return err_set(e, E_CONFIG, "%s: an attention window of %d tokens", where, c->window);
    return OK;
}

static err_code check_rotation(const model_config *c, const char *where, err *e)
{
    if (c->rotary < 0 || c->rotary > c->d_head || c->rotary % 2)
        return err_set(e, E_CONFIG,
                       "%s: %d of %d numbers of a head rotate, but that must be even and no more",
                       where, c->rotary, c->d_head);
    if (c->rotary && !(c->rope_theta > 1 && c->rope_theta < 1e12))
        return err_set(e, E_CONFIG, "%s: rope base %g is not between 1 and 1e12", where,
                       c->rope_theta);
    return OK;
}

/* What the description has must have a name in the family's files, and the other way round. */
static err_code check_family(const model_config *c, const char *where, err *e)
{
    const tensor_names *names = &family_of(c->family)->names;
    const struct {
        const char *what;
        bool wanted, named;
    } parts[] = {{"a gated mlp", c->gated, names->gate != NULL},
                 {"learned positions", c->learned_positions, names->positions != NULL},
                 {"norms after each branch", c->post_norms, names->post1 != NULL},
                 {"norms of queries and keys", c->qk_norm, names->q_norm != NULL},
                 {"interleaved heads", c->qkv_interleaved, c->family == FAMILY_GPT_NEOX}};
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (parts[i].wanted != parts[i].named)
            return err_set(e, E_CONFIG, "%s: files of %s models %s %s", where,
                           config_family_name(c->family),
                           parts[i].named ? "always hold" : "cannot hold", parts[i].what);
    return OK;
}

err_code config_check(const model_config *c, const char *where, err *e)
{
    err_code rc;
    if ((rc = check_sizes(c, where, e)) || (rc = check_heads(c, where, e)) ||
        (rc = check_rotation(c, where, e)) || (rc = check_family(c, where, e)))
        return rc;
    if (!(c->norm_eps >= 0 && c->norm_eps < 1))
        return err_set(e, E_CONFIG, "%s: norm eps %g is not between 0 and 1", where,
                       (double)c->norm_eps);
    if (c->bos >= c->d_vocab || c->eos >= c->d_vocab)
        return err_set(e, E_CONFIG, "%s: a special token (%d, %d) is outside the vocabulary of %d",
                       where, c->bos, c->eos, c->d_vocab);
    return OK;
}

size_t config_parameters(const model_config *c)
{
    size_t D = (size_t)c->d_model, M = (size_t)c->d_mlp, V = (size_t)c->d_vocab;
    size_t z = (size_t)c->n_heads * (size_t)c->d_head;
    size_t qkv = z + 2 * (size_t)c->n_kv_heads * (size_t)c->d_head;
    size_t norm = c->norm == NORM_LAYER ? 2 * D : D, matrices = c->gated ? 3 : 2;
    size_t block = (c->post_norms ? 4 : 2) * norm + (c->qk_norm ? 2 * (size_t)c->d_head : 0) +
                   qkv * D + (c->qkv_bias ? qkv : 0) + z * D + (c->attention_out_bias ? D : 0) +
                   matrices * D * M + (c->mlp_bias ? (matrices - 1) * M + D : 0);
    return (size_t)c->n_layers * block + V * D * (c->tied ? 1 : 2) + norm +
           (c->learned_positions ? (size_t)c->context * D : 0);
}

/* Wavelengths in positions; the formula is that of Llama 3.1 as transformers computes it
 * (modeling_rope_utils.py). */
double config_rope_frequency(const model_config *c, int j)
{
    double f = pow(c->rope_theta, -2.0 * j / c->rotary);
    const rope_scaling *s = &c->rope;
    if (s->kind == ROPE_LINEAR)
        return f / s->factor;
    if (s->kind == ROPE_PLAIN)
        return f;
    double wavelength = 2 * M_PI / f;
    if (wavelength > s->original / s->low)
        return f / s->factor;
    if (wavelength < s->original / s->high)
        return f;
    double kept = (s->original / wavelength - s->low) / (s->high - s->low);
    return (1 - kept) * f / s->factor + kept * f;
}
