/* The entropy and sparsity tests of the original program, one feature at a time. */
#include "features/filter.h"
#include "base/memory.h"

static const struct {
    const char *name, *keys;
} reasons[FILTER_REASONS] = {
    [FILTER_KEPT] = {"", ""},
    [FILTER_DEAD] = {"dead", "collect.n_prompts (more text wakes rare features)"},
    [FILTER_ENTROPY_LOW] = {"entropy-low", "filter.entropy_threshold_low"},
    [FILTER_ENTROPY_HIGH] = {"entropy-high", "filter.entropy_threshold_high"},
    [FILTER_SHARE_LOW] = {"sparsity-min", "filter.sparsity_min or filter.activation_threshold"},
    [FILTER_SHARE_HIGH] = {"sparsity-max", "filter.sparsity_max"},
};

const char *filter_name(filter_reason reason)
{
    return reasons[reason].name;
}

static filter_reason judge(int64_t n_active, double entropy, double share, const filter_options *o)
{
    if (n_active == 0)
        return FILTER_DEAD;
    if (!(entropy > o->entropy_low))
        return FILTER_ENTROPY_LOW;
    if (!(entropy < o->entropy_high))
        return FILTER_ENTROPY_HIGH;
    if (!(share > o->share_min))
        return FILTER_SHARE_LOW;
    if (!(share < o->share_max))
        return FILTER_SHARE_HIGH;
    return FILTER_KEPT;
}

static err_code nothing_left(const filter_result *f, const collection *c, err *e)
{
    int worst = FILTER_DEAD;
    for (int r = FILTER_DEAD; r < FILTER_REASONS; r++)
        if (f->dropped[r] > f->dropped[worst])
            worst = r;
    return err_set(e, E_DATA, "no feature passes the filter: of %d, %d failed \"%s\"; change %s",
                   c->n_features, f->dropped[worst], reasons[worst].name, reasons[worst].keys);
}

err_code filter_features(filter_result *out, const collection *c, const filter_options *o, err *e)
{
    size_t n = (size_t)c->n_features;
    filter_result f = {.reason_F = mem_small(n, sizeof *f.reason_F),
                       .entropy_F = mem_small(n, sizeof *f.entropy_F),
                       .share_F = mem_small(n, sizeof *f.share_F),
                       .kept = mem_small(n, sizeof *f.kept)};
    for (int i = 0; i < c->n_features; i++) {
        f.entropy_F[i] = stats_entropy(c, i, o->statistic);
        f.share_F[i] = stats_prompt_share(c, i, o->statistic, o->activation_threshold);
        f.reason_F[i] = judge(c->stats_F[i].n_active, f.entropy_F[i], f.share_F[i], o);
        f.dropped[f.reason_F[i]]++;
        if (f.reason_F[i] == FILTER_KEPT)
            f.kept[f.n_kept++] = i;
    }
    if (f.n_kept == 0 && !o->may_drop_all) {
        nothing_left(&f, c, e);
        filter_release(&f);
        return e->code;
    }
    *out = f;
    return OK;
}

void filter_release(filter_result *f)
{
    mem_free(f->reason_F);
    mem_free(f->entropy_F);
    mem_free(f->share_F);
    mem_free(f->kept);
    *f = (filter_result){0};
}
