/* Named settings of the engine, and what they cost. */
#include "invert/search_state.h"
#include "model/flops.h"
#include <string.h>

static search_options common(int length)
{
    return (search_options){.length = length,
                            .readout = READ_MAX,
                            .top_first = 16,
                            .top_last = 256,
                            .acceptance = KEEP_BEST,
                            .sweep_walkers = 1,
                            .batch_features = 8,
                            .relaxed = relaxed_defaults()};
}

static search_options standard(int length)
{
    search_options o = common(length);
    o.starts[START_WINDOW] = 3;
    o.starts[START_BEAM] = 2;
    o.starts[START_RELAXED] = 2;
    o.starts[START_RANDOM] = 1;
    o.iterations = 10;
    o.children = 16;
    o.share[MOVE_GRADIENT] = 0.3;
    o.share[MOVE_SHIFT] = 0.5;
    o.share[MOVE_TWO] = 0.1;
    o.share[MOVE_CROSS] = 0.1;
    o.temperature = 0.03;
    o.patience = 10;
    o.front_share[MOVE_GRADIENT] = 0.2;
    o.front_share[MOVE_LIKELY] = 0.4;
    o.front_share[MOVE_SHIFT] = 0.25;
    o.front_share[MOVE_TWO] = 0.1;
    o.front_share[MOVE_CROSS] = 0.05;
    o.front_iterations = 8;
    o.front_members = 8;
    o.front_limited = 3;
    o.front_children = 12;
    o.weight_zero = true;
    o.weight_first = 0.01;
    o.weight_last = 3;
    o.restart_every = 0;
    o.sweep_tokens = 64;
    o.sweep_walkers = 1;
    o.sweep_kicks = 1;
    o.relaxed.steps = 30;
    return o;
}

static search_options warm(int length)
{
    search_options o = standard(length);
    memset(o.starts, 0, sizeof o.starts);
    o.starts[START_WINDOW] = 8;
    o.iterations = 20;
    o.children = 8;
    o.front_iterations = 8;
    o.front_children = 8;
    return o;
}

static search_options thorough(int length)
{
    search_options o = standard(length);
    o.starts[START_WINDOW] = 6;
    o.starts[START_BEAM] = 4;
    o.starts[START_RELAXED] = 4;
    o.starts[START_RANDOM] = 2;
    o.iterations = 100;
    o.children = 24;
    o.patience = 20;
    o.front_iterations = 60;
    o.front_children = 24;
    o.sweep_tokens = 256;
    o.sweep_walkers = 3;
    o.sweep_kicks = 4;
    o.relaxed.steps = 250;
    return o;
}

/* Zou et al. 2023 and nanoGCG's defaults: one sequence, 512 candidates, the best is always taken.
 */
static search_options gcg(int length)
{
    search_options o = common(length);
    o.readout = READ_LAST;
    o.starts[START_RANDOM] = 1;
    o.iterations = 250;
    o.children = 512;
    o.share[MOVE_GRADIENT] = 1;
    o.top_first = o.top_last = 256;
    o.acceptance = KEEP_ALWAYS;
    return o;
}

/* Thompson et al. 2024, table of defaults. */
static search_options epo(int length)
{
    search_options o = common(length);
    o.readout = READ_LAST;
    o.starts[START_RANDOM] = 8;
    o.front_share[MOVE_GRADIENT] = 1;
    o.top_first = o.top_last = 512;
    o.front_iterations = 300;
    o.front_members = 8;
    o.front_children = 32;
    o.weight_first = 0.1;
    o.weight_last = 10;
    o.weight_raw = o.gradient_of_cross_entropy = o.cross_entropy_of_all = true;
    o.restart_every = 30;
    o.restart_first = 2.0 / 3;
    o.restart_last = 6;
    return o;
}

/* The control: swaps that ask nothing. */
static search_options random_swaps(int length)
{
    search_options o = common(length);
    o.starts[START_RANDOM] = 8;
    o.iterations = 80;
    o.children = 8;
    o.share[MOVE_RANDOM] = 1;
    return o;
}

bool search_preset(search_options *o, const char *name, int length)
{
    static const struct {
        const char *name;
        search_options (*make)(int length);
    } presets[] = {{"standard", standard}, {"warm", warm}, {"thorough", thorough},
                   {"gcg", gcg},           {"epo", epo},   {"random", random_swaps}};
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (!strcmp(name, presets[i].name)) {
            *o = presets[i].make(length);
            return true;
        }
    return false;
}

/* Children are taken to begin in the middle, and a walker to sweep as often as on the built-in
 * model: some six times, and twice with all tokens. */
double search_flops(const optimise_setting *setting, const search_options *o)
{
    const model_config *c = model_describe(setting->model);
    double L = o->length, T = L + (setting->bos >= 0), half = (L + 1) / 2;
    double to_hook = model_flops(c, setting->hook, L / 2), to_end = model_flops(c, NULL, L / 2);
    double climb = o->iterations * restarts_of(o) * (2 * T + o->children * half) * to_hook;
    double measured = o->cross_entropy_of_all ? o->front_children : 2;
    double whole = (1 + measured + (o->gradient_of_cross_entropy ? 1 : 0)) * T * to_end;
    double fronts = o->front_iterations * o->front_members *
                    ((2 * T + o->front_children * half) * to_hook + whole);
    double beam = o->starts[START_BEAM] > 0 ? 4 * L * (128 * to_hook + T * to_end) : 0;
    double narrow =
        6.0 * (SWEEP_NARROW + SWEEP_SHIFTS) * LANES * o->sweep_walkers * (1 + o->sweep_kicks);
    double sweeping = o->sweep_tokens ? (narrow + 2.0 * o->sweep_tokens) * L * half * to_hook : 0;
    double mixing = o->starts[START_RELAXED] * relaxed_flops(setting, &o->relaxed, o->length);
    return climb + fronts + beam + sweeping + mixing;
}
