/* What each token brings to hook_z: the parts add up to the value's own product with the column,
 * and each is the one made by hand of the reference's queries, keys and values in double. */
#include "test.h"

#include "base/memory.h"
#include "effects/attention.h"
#include "effects/common_bed.h"
#include <math.h>
#include <string.h>

static const char *const PLACES[] = {"blocks.0.attn.hook_z", "blocks.1.attn.hook_z"};

static double dot(const double *x, const float *w, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i] * (double)w[i];
    return sum;
}

/* A new model's biases are 0: others, so that it matters where they are. */
static void give_biases(const bed *b)
{
    parameter *list;
    int n = model_parameters(&list, b->model);
    for (int i = 0; i < n; i++)
        if (strstr(list[i].name, "bias"))
            random_floats(list[i].value, list[i].n, list[i].name);
}

/* As a model with folded value biases has it: the bias is then no part of v and z. */
static void open_bed(bed *b, const decoder_kind *kind, const char *place, int head, bool folded)
{
    err e = {0};
    hook_processing processing = {.fold_value_biases = folded};
    bed_open(b, &kind->config, place, place, SAE_NORMALIZE_NONE, 2, 4);
    give_biases(b);
    if (head >= 0 && hook_select_head(&b->read, &kind->config, head, &e))
        fail_msg("%s", e.text);
    hook_apply_processing(&b->read, &kind->config, &processing);
}

/* The reference's value at a hook, of one prompt. */
static void run_reference(double *seen, const bed *b, int prompt, const hook *wanted)
{
    int T = prompts_length(&b->prompts, prompt);
    reference *r = reference_new(b->model, prompts_tokens(&b->prompts, prompt), 1, T);
    r->wanted = *wanted;
    reference_run(r, NULL);
    memcpy(seen, r->seen, (size_t)(T * r->wanted.width) * sizeof *seen);
    reference_free(r);
}

/* What forward_hook() gives for the row, times the column. */
static double product_of(const bed *b, const float *column, int prompt, int position)
{
    int T = prompts_length(&b->prompts, prompt), W = b->read.width;
    float *row = mem_small((size_t)W, sizeof *row);
    double sum = 0;
    forward *f;
    err e = {0};
    if (forward_new(&f, b->model, 1, T, &b->read, FORWARD_ONLY, &e) ||
        forward_tokens(f, prompts_tokens(&b->prompts, prompt), 1, T, &b->read, &e))
        fail_msg("%s", e.text);
    b->be->download(b->be, row, ROW(forward_hook(f), position, W), (size_t)W * sizeof *row);
    assert_int_equal(backend_sync(b->be, &e), OK);
    for (int i = 0; i < W; i++)
        sum += (double)row[i] * (double)column[i];
    forward_free(f);
    mem_free(row);
    return sum;
}

static void check_sums(const char *kind, const bed *b)
{
    int H = model_describe(b->model)->n_heads, only = b->read.head;
    float part[BED_LONGEST], *column = mem_small((size_t)b->read.width, sizeof *column),
                             *of_head = mem_small((size_t)H, sizeof *of_head);
    attention_reader *r;
    err e = {0};
    random_floats(column, (size_t)b->read.width, kind);
    if (attention_reader_new(&r, &b->setting, &e))
        fail_msg("%s", e.text);
    for (int i = 0; i < BED_PROMPTS; i++) {
        int T = prompts_length(&b->prompts, i);
        for (int t = 0; t < T; t++) {
            double sum = 0, size = 0, of_heads = 0;
            if (attention_parts(part, of_head, r, column, i, t, &e))
                fail_msg("%s", e.text);
            for (int h = 0; h < H; h++) {
                of_heads += (double)of_head[h];
                assert_true(only < 0 || h == only || of_head[h] == 0);
            }
            for (int s = 0; s < T; s++) {
                sum += (double)part[s];
                size += fabs((double)part[s]);
                assert_true(s <= t || part[s] == 0);
            }
            double want = product_of(b, column, i, t);
            assert_true(size > 0);
            if (!(fabs(sum - want) <= 1e-5 * fmax(size, fabs(want))))
                fail_msg("%s, prompt %d, token %d: %g, not %g", kind, i, t, sum, want);
            if (!(fabs(of_heads - want) <= 1e-5 * fmax(size, fabs(want))))
                fail_msg("%s, prompt %d, token %d: the heads bring %g, not %g", kind, i, t,
                         of_heads, want);
        }
    }
    attention_reader_free(r);
    mem_free(of_head);
    mem_free(column);
}

static void parts_add_up_to_the_product(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int k = 0; k < n; k++)
        for (int layer = 0; layer < kinds[k].config.n_layers && layer < 2; layer++)
            for (int folded = 0; folded < 2; folded++) {
                bed b;
                open_bed(&b, &kinds[k], PLACES[layer], -1, folded);
                check_sums(kinds[k].name, &b);
                bed_close(&b);
            }
}

static void parts_of_one_head_add_up(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int k = 0; k < n; k++) {
        bed b;
        open_bed(&b, &kinds[k], PLACES[0], kinds[k].config.n_heads - 1, true);
        check_sums(kinds[k].name, &b);
        bed_close(&b);
    }
}

/* The formula, of the reference's queries, keys and values: what head h brings of token s. */
static double part_by_hand(const bed *b, const float *column, int prompt, int t, int s, int h)
{
    const model_config *c = model_describe(b->model);
    int layer = b->read.layer, K = c->d_head, H = c->n_heads, G = c->n_kv_heads;
    int from = c->windowed[layer] && t >= c->window ? t - c->window + 1 : 0;
    double q[BED_LONGEST * 64], k[BED_LONGEST * 64], v[BED_LONGEST * 64];
    double scale = c->attention_scale > 0 ? (double)c->attention_scale : 1 / sqrt(K);
    scale /= c->scale_by_layer ? layer + 1 : 1;
    assert_true(H * K <= 64);
    hook at;
    assert_true(hook_of_site(&at, c, c->rotary > 0 ? HOOK_ROT_Q : HOOK_Q, layer));
    run_reference(q, b, prompt, &at);
    assert_true(hook_of_site(&at, c, c->rotary > 0 ? HOOK_ROT_K : HOOK_K, layer));
    run_reference(k, b, prompt, &at);
    assert_true(hook_of_site(&at, c, HOOK_V, layer));
    run_reference(v, b, prompt, &at);
    int g = h / (H / G);
    double total = 0, weight = 0;
    for (int j = from; j <= t; j++) {
        double score = 0, cap = (double)c->attention_softcap;
        for (int d = 0; d < K; d++)
            score += scale * q[(t * H + h) * K + d] * k[(j * G + g) * K + d];
        score = exp(cap > 0 ? cap * tanh(score / cap) : score);
        total += score;
        weight = j == s ? score : weight; /* 0 where the window hides it */
    }
    return weight / total * dot(&v[(s * G + g) * K], column + h * K, K);
}

static void check_by_hand(const char *kind, const bed *b)
{
    enum { MOST_HEADS = 64 };
    int H = model_describe(b->model)->n_heads, t = prompts_length(&b->prompts, 0) - 1;
    float part[BED_LONGEST], of_head[MOST_HEADS],
        *column = mem_small((size_t)b->read.width, sizeof *column);
    double heads[MOST_HEADS] = {0};
    attention_reader *r;
    err e = {0};
    assert_true(H <= MOST_HEADS);
    random_floats(column, (size_t)b->read.width, "column");
    if (attention_reader_new(&r, &b->setting, &e) ||
        attention_parts(part, of_head, r, column, 0, t, &e))
        fail_msg("%s", e.text);
    for (int s = 0; s <= t; s++) {
        double want = 0;
        for (int h = 0; h < H; h++) {
            double one = part_by_hand(b, column, 0, t, s, h);
            want += one;
            heads[h] += one;
        }
        if (!(fabs((double)part[s] - want) < 2e-5 * fabs(want) + 1e-5))
            fail_msg("%s: token %d brings %g, not %g", kind, s, (double)part[s], want);
    }
    for (int h = 0; h < H; h++)
        if (!(fabs((double)of_head[h] - heads[h]) < 2e-5 * fabs(heads[h]) + 1e-5))
            fail_msg("%s: head %d brings %g, not %g", kind, h, (double)of_head[h], heads[h]);
    mem_free(column);
    attention_reader_free(r);
}

static void each_part_is_that_of_the_reference(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int k = 0; k < n; k++)
        for (int layer = 0; layer < kinds[k].config.n_layers && layer < 2; layer++) {
            bed b;
            open_bed(&b, &kinds[k], PLACES[layer], -1, false);
            check_by_hand(kinds[k].name, &b);
            bed_close(&b);
        }
}

static void another_place_is_refused(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    test_kinds(&kinds);
    bed b;
    err e = {0};
    attention_reader *r;
    bed_open(&b, &kinds[0].config, "blocks.0.hook_attn_out", "blocks.0.hook_attn_out",
             SAE_NORMALIZE_NONE, 1, 4);
    assert_false(attention_is_read(&b.read));
    assert_int_equal(attention_reader_new(&r, &b.setting, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "blocks.0.hook_attn_out"));
    bed_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_add_up_to_the_product),
        cmocka_unit_test(parts_of_one_head_add_up),
        cmocka_unit_test(each_part_is_that_of_the_reference),
        cmocka_unit_test(another_place_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
