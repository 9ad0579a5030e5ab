/* What running a model costs. */
#include "model/flops.h"
#include "model/block.h"

/* Multiplications of one block up to and including a site. */
static double block_products(const model_config *c, hook_site to, double context)
{
    double D = c->d_model, M = c->d_mlp, Z = (double)c->n_heads * c->d_head;
    double G = (double)c->n_kv_heads * c->d_head, n = 0;
    if (!c->parallel || !site_in_mlp(to)) {
        n += to >= HOOK_Q ? D * (Z + 2 * G) : 0;
        n += to >= HOOK_Z ? 2 * Z * context : 0; /* scores, and values by them */
        n += to > HOOK_Z ? Z * D : 0;
    }
    n += to >= HOOK_MLP_PRE ? (c->gated ? 2 : 1) * D * M : 0;
    n += to > HOOK_MLP_POST ? M * D : 0;
    return n;
}

double model_flops(const model_config *c, const hook *stop, double context)
{
    bool all = !stop || stop->site >= HOOK_FINAL_SCALE;
    int whole = all ? c->n_layers : stop->layer;
    double products = whole * block_products(c, HOOK_RESID_POST, context);
    if (!all && stop->site > HOOK_POS_EMBED)
        products += block_products(c, stop->site, context);
    if (!stop)
        products += (double)c->d_model * c->d_vocab;
    return 2 * products;
}
