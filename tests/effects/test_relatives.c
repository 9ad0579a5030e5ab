/* Relatives of a feature against sums over all tokens and all features, done plainly. */
#include "test.h"

#include "base/memory.h"
#include "effects/coactivation.h"
#include "effects/relatives.h"
#include "features/collect.h"
#include "features/common_rig.h"
#include <math.h>
#include <string.h>

enum { F = RIG_F, LONGEST = 15, MOST_TOKENS = 200 };

typedef struct world {
    rig rig;
    prompt_set prompts;
    scan_source source;
    survey surveyed;
    collection collected;
    int n; /* counted tokens */
    float f_NF[MOST_TOKENS][F], h_ND[MOST_TOKENS][RIG_D];
} world;

static const int TARGETS[] = {7, 0, 23, 5, 1, 2}; /* 23 and 5 are silent */
enum { N_TARGETS = COUNT_OF(TARGETS) };

static void world_open(world *w, int threads, int batch_size)
{
    static const char *const texts[] = {
        "a cat and a dog", "x",         "b<|endoftext|>c", "A dog. A dog.",
        "zyxwvutsrqponml", "12345 cat", "the cat cat cat", "{}[]() <>"};
    err e = {0};
    *w = (world){.rig = rig_open("cpu", threads, "blocks.1.hook_resid_post"),
                 .prompts = {.bos = 0, .min_tokens = 1, .max_tokens = LONGEST}};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(prompts_add(&w->prompts, w->rig.tokenizer, texts[i], strlen(texts[i]), &e),
                         OK);
    w->source = (scan_source){.model = w->rig.model,
                              .hook = &w->rig.hook,
                              .prompts = &w->prompts,
                              .tokenizer = w->rig.tokenizer,
                              .batch_size = batch_size,
                              .name = "test"};
    if (survey_features(&w->surveyed, &w->source, w->rig.sae, TARGETS, N_TARGETS, &e) ||
        collect_features(&w->collected, &w->source, w->rig.sae, &e))
        fail_msg("%s", e.text);
    for (int i = 0; i < w->prompts.n; i++) {
        float h[(LONGEST + 1) * RIG_D], f[(LONGEST + 1) * F];
        const int32_t *tokens = prompts_tokens(&w->prompts, i);
        int T = prompts_length(&w->prompts, i);
        rig_run(h, &w->rig, tokens, NULL, T);
        sae_encode(f, w->rig.sae, h, T);
        for (int t = 0; t < T; t++)
            if (tokens[t] != 0) {
                memcpy(w->h_ND[w->n], h + t * RIG_D, RIG_D * sizeof *h);
                memcpy(w->f_NF[w->n++], f + t * F, F * sizeof *f);
            }
    }
}

static void world_close(world *w)
{
    collection_release(&w->collected);
    survey_release(&w->surveyed);
    prompts_release(&w->prompts);
    rig_close(&w->rig);
}

static double cosine(const float *x, int x_step, const float *y, int y_step, int n)
{
    double dot = 0, a = 0, b = 0;
    for (int i = 0; i < n; i++) {
        double u = (double)x[i * x_step], v = (double)y[i * y_step];
        dot += u * v;
        a += u * u;
        b += v * v;
    }
    return dot / sqrt(a * b);
}

static relative plain(const world *w, int a, int b)
{
    const float *decoder = sae_decoder(w->rig.sae), *encoder = sae_encoder(w->rig.sae);
    relative r = {.feature = b,
                  .decoder_cosine = cosine(decoder + a * RIG_D, 1, decoder + b * RIG_D, 1, RIG_D),
                  .encoder_cosine = cosine(encoder + a, F, encoder + b, F, RIG_D)};
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0, n = w->n;
    int64_t either = 0;
    for (int i = 0; i < w->n; i++) {
        double u = (double)w->f_NF[i][a], v = (double)w->f_NF[i][b];
        r.n_both += u > 0 && v > 0;
        either += u > 0 || v > 0;
        x += u / n;
        y += v / n;
    }
    for (int i = 0; i < w->n; i++) {
        double u = (double)w->f_NF[i][a] - x, v = (double)w->f_NF[i][b] - y;
        xx += u * u;
        yy += v * v;
        xy += u * v;
    }
    r.jaccard = either ? (double)r.n_both / (double)either : (double)NAN;
    r.correlation = xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
    return r;
}

static double by(const relative *r, int which)
{
    double values[RESEMBLANCES] = {r->decoder_cosine, r->encoder_cosine, r->jaccard,
                                   r->correlation};
    return values[which];
}

static void same_number(double got, double want)
{
    assert_true(isnan(want) ? isnan(got) : fabs(got - want) < 1e-5);
}

/* The list is what a sort of all features would begin with. */
static void check_list(const world *w, int target, const target_relatives *t, int which)
{
    bool listed[F] = {false};
    int possible = 0;
    double last = (double)INFINITY;
    for (int i = 0; i < t->n[which]; i++) {
        const relative *got = &t->list[which][i];
        relative want = plain(w, target, got->feature);
        assert_int_not_equal(got->feature, target);
        assert_int_equal(got->n_both, want.n_both);
        for (int k = 0; k < RESEMBLANCES; k++)
            same_number(by(got, k), by(&want, k));
        assert_true(by(got, which) <= last);
        last = by(got, which);
        listed[got->feature] = true;
    }
    for (int f = 0; f < F; f++) {
        relative other = plain(w, target, f);
        bool fits =
            f != target && (which < BY_JACCARD || other.n_both > 0) && isfinite(by(&other, which));
        possible += fits;
        if (fits && !listed[f])
            assert_true(by(&other, which) <= last + 1e-6);
    }
    assert_int_equal(t->n[which], possible < RELATIVES ? possible : RELATIVES);
}

static void equal_to_plain_sums(void **state)
{
    (void)state;
    world w;
    world_open(&w, 2, 3);
    assert_int_equal(w.n, w.collected.n_tokens);
    target_relatives got[N_TARGETS];
    err e = {0};
    if (relatives_find(got, NULL, &w.source, w.rig.sae, &w.surveyed, &w.collected, &e))
        fail_msg("%s", e.text);
    int together = 0;
    for (int i = 0; i < N_TARGETS; i++)
        for (int k = 0; k < RESEMBLANCES; k++) {
            check_list(&w, TARGETS[i], &got[i], k);
            together += k == BY_JACCARD ? got[i].n[k] : 0;
        }
    assert_true(together > 10);
    assert_int_equal(got[2].n[BY_JACCARD], 0); /* a silent one */
    assert_int_equal(got[2].n[BY_DECODER], RELATIVES);
    world_close(&w);
}

/* Pearson's correlation, or the cosine about 0, of a feature with a number of the hook. */
static double with_neuron(const world *w, int f, int d, bool centred)
{
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (int i = 0; i < w->n && centred; i++) {
        x += (double)w->f_NF[i][f] / w->n;
        y += (double)w->h_ND[i][d] / w->n;
    }
    for (int i = 0; i < w->n; i++) {
        double u = (double)w->f_NF[i][f] - x, v = (double)w->h_ND[i][d] - y;
        xx += u * u;
        yy += v * v;
        xy += u * v;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
}

static void neurons_are_those_of_plain_sums(void **state)
{
    (void)state;
    world w;
    world_open(&w, 2, 3);
    target_relatives relatives[N_TARGETS];
    target_neurons got[N_TARGETS];
    memset(got, 0, sizeof got);
    err e = {0};
    if (relatives_find(relatives, got, &w.source, w.rig.sae, &w.surveyed, &w.collected, &e))
        fail_msg("%s", e.text);
    for (int i = 0; i < N_TARGETS; i++) {
        bool listed[RIG_D] = {false}, silent = !w.surveyed.n_active[i];
        double last = 1;
        assert_int_equal(got[i].n_correlated, silent ? 0 : NEURONS);
        for (int k = 0; k < got[i].n_correlated; k++) {
            const correlated_neuron *n = &got[i].correlated[k];
            same_number(n->correlation, with_neuron(&w, TARGETS[i], n->neuron, true));
            same_number(n->cosine, with_neuron(&w, TARGETS[i], n->neuron, false));
            assert_true(fabs(n->correlation) <= last);
            last = fabs(n->correlation);
            listed[n->neuron] = true;
        }
        for (int d = 0; d < RIG_D && !silent; d++)
            assert_true(listed[d] || fabs(with_neuron(&w, TARGETS[i], d, true)) <= last + 1e-6);
    }
    world_close(&w);
}

static void aligned_neurons_are_the_largest_of_the_row(void **state)
{
    (void)state;
    static const float row[] = {0.5f, -3, 0, 1, 3, -0.5f}; /* sizes sum to 8 */
    target_neurons got;
    neurons_align(&got, row, COUNT_OF(row));
    assert_int_equal(got.n_aligned, 3);
    static const aligned_neuron want[] = {{1, -3, 0.375}, {4, 3, 0.375}, {3, 1, 0.125}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(got.aligned[i].neuron, want[i].neuron);
        assert_true(got.aligned[i].weight == want[i].weight);
        assert_true(got.aligned[i].share == want[i].share);
    }
    neurons_align(&got, (float[]){0, 0}, 2);
    assert_int_equal(got.n_aligned, 0);
    neurons_align(&got, (float[]){0, 2}, 2);
    assert_int_equal(got.n_aligned, 2);
}

static void a_part_of_the_targets(void **state)
{
    (void)state;
    world w;
    world_open(&w, 2, 3);
    coactivation part;
    err e = {0};
    assert_int_equal(coactivation_count(&part, NULL, &w.source, w.rig.sae, &w.surveyed, 3, 2, &e),
                     OK);
    for (int k = 0; k < 2; k++)
        for (int f = 0; f < F; f++) {
            uint32_t both = 0;
            double product = 0;
            for (int i = 0; i < w.n; i++) {
                double u = (double)w.f_NF[i][TARGETS[3 + k]], v = (double)w.f_NF[i][f];
                both += u > 0 && v > 0;
                product += u * v;
            }
            assert_int_equal(part.both_CF[k * F + f], both);
            assert_true(fabs(part.product_CF[k * F + f] - product) < 1e-4);
        }
    coactivation_release(&part);
    world_close(&w);
}

static void same_bytes_for_any_threads(void **state)
{
    (void)state;
    target_relatives got[2][N_TARGETS];
    memset(got, 0, sizeof got);
    for (int i = 0; i < 2; i++) {
        world w;
        err e = {0};
        world_open(&w, i ? 3 : 1, 4);
        assert_int_equal(
            relatives_find(got[i], NULL, &w.source, w.rig.sae, &w.surveyed, &w.collected, &e), OK);
        world_close(&w);
    }
    for (int i = 0; i < N_TARGETS; i++)
        for (int k = 0; k < RESEMBLANCES; k++)
            for (int j = 0; j < got[0][i].n[k]; j++) {
                const relative *x = &got[0][i].list[k][j], *y = &got[1][i].list[k][j];
                assert_int_equal(x->feature, y->feature);
                assert_memory_equal(&x->decoder_cosine, &y->decoder_cosine, 5 * sizeof(double));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_plain_sums),
        cmocka_unit_test(neurons_are_those_of_plain_sums),
        cmocka_unit_test(aligned_neurons_are_the_largest_of_the_row),
        cmocka_unit_test(a_part_of_the_targets),
        cmocka_unit_test(same_bytes_for_any_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
