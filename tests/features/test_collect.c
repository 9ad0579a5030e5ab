/* The data pass on a small model: equal to running each prompt alone. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "features/collect.h"
#include "features/common_rig.h"
#include "features/common_stopper.h"
#include <math.h>
#include <string.h>

enum { PROMPTS = 21, LONGEST = 12, F = RIG_F };

/* Random prompts of many lengths, one of them with a special token inside. */
static prompt_set prompts_make(const rig *r, int bos)
{
    prompt_set p = {.bos = bos, .min_tokens = 1, .max_tokens = LONGEST};
    rng s = rng_stream(4, "test_collect");
    for (int i = 0; i < PROMPTS; i++) {
        char text[LONGEST + 1] = {0};
        int length = 1 + (int)rng_below(&s, LONGEST);
        err e = {0};
        for (int k = 0; k < length; k++)
            text[k] = (char)('!' + (int)rng_below(&s, 90));
        const char *given = i == 5 ? "ab<|endoftext|>cd" : text;
        assert_int_equal(prompts_add(&p, r->tokenizer, given, strlen(given), &e), OK);
    }
    assert_int_equal(p.n, PROMPTS);
    return p;
}

static scan_source source_of(const rig *r, const prompt_set *p, int batch_size)
{
    return (scan_source){.model = r->model,
                         .hook = &r->hook,
                         .prompts = p,
                         .tokenizer = r->tokenizer,
                         .batch_size = batch_size,
                         .name = "test"};
}

static void check_feature(const collection *c, const prompt_set *p, int f,
                          const float (*f_NTF)[LONGEST + 1][F])
{
    const prompt_activation *a = collection_entries(c, f);
    size_t at = 0;
    int64_t n_active = 0;
    double sum = 0;
    for (int i = 0; i < p->n; i++) {
        double total = 0;
        float max = 0;
        int tokens = 0, peak = -1;
        for (int t = 0; t < prompts_length(p, i); t++) {
            if (prompts_tokens(p, i)[t] == 0)
                continue;
            float v = f_NTF[i][t][f];
            tokens++;
            n_active += v > 0;
            total += (double)v;
            if (v > max) {
                max = v;
                peak = t;
            }
        }
        sum += total;
        if (max == 0)
            continue;
        assert_true(at < collection_count(c, f));
        assert_int_equal(a[at].prompt, i);
        assert_int_equal(a[at].peak, peak);
        assert_true(fabsf(a[at].max - max) < 1e-4f);
        assert_true(fabs((double)a[at].mean - total / tokens) < 1e-4);
        at++;
    }
    assert_int_equal(at, collection_count(c, f));
    assert_int_equal(c->stats_F[f].n_active, n_active);
    assert_true(fabs(c->stats_F[f].sum - sum) < 1e-3);
}

static void equal_to_running_each_prompt_alone(void **state)
{
    (void)state;
    static const struct {
        const char *backend_name, *hook_name;
        int bos, batch_size;
    } cases[] = {
        {"ref", "blocks.1.hook_resid_post", 0, 1},
        {"cpu", "blocks.1.hook_resid_post", 0, 4}, /* padding of many lengths */
        {"cpu", "blocks.0.mlp.hook_post", -1, 64}, /* one batch; a hook wider than the model */
    };
    static float f_NTF[PROMPTS][LONGEST + 1][F];
    for (size_t k = 0; k < COUNT_OF(cases); k++) {
        rig r = rig_open(cases[k].backend_name, 2, cases[k].hook_name);
        prompt_set p = prompts_make(&r, cases[k].bos);
        scan_source source = source_of(&r, &p, cases[k].batch_size);
        collection c;
        err e = {0};
        if (collect_features(&c, &source, r.sae, &e))
            fail_msg("%s", e.text);
        int64_t special = 0;
        for (int i = 0; i < p.n; i++) {
            float h[(LONGEST + 1) * 2 * RIG_D];
            rig_run(h, &r, prompts_tokens(&p, i), NULL, prompts_length(&p, i));
            sae_encode(f_NTF[i][0], r.sae, h, prompts_length(&p, i));
            for (int t = 0; t < prompts_length(&p, i); t++)
                special += prompts_tokens(&p, i)[t] == 0;
        }
        assert_int_equal(c.n_prompts, PROMPTS);
        assert_int_equal(c.n_features, F);
        assert_int_equal(c.n_special, special);
        assert_int_equal(special, (cases[k].bos >= 0 ? PROMPTS : 0) + 1);
        assert_int_equal(c.n_tokens + c.n_special, p.first[p.n]);
        int silent = 0, busy = 0;
        for (int f = 0; f < F; f++) {
            check_feature(&c, &p, f, (const float(*)[LONGEST + 1][F]) f_NTF);
            silent += c.stats_F[f].n_active == 0;
            busy += collection_count(&c, f) > 3;
        }
        assert_true(silent > 0 && busy > 5);
        collection_release(&c);
        prompts_release(&p);
        rig_close(&r);
    }
}

static void expect_same(const collection *a, const collection *b)
{
    assert_int_equal(a->n_tokens, b->n_tokens);
    assert_int_equal(a->n_special, b->n_special);
    assert_memory_equal(a->stats_F, b->stats_F, F * sizeof *a->stats_F);
    assert_memory_equal(a->first_F, b->first_F, (F + 1) * sizeof *a->first_F);
    assert_memory_equal(a->entries, b->entries, a->first_F[F] * sizeof *a->entries);
}

/* Which worker counts what changes nothing. */
static void same_bytes_for_any_number_of_threads(void **state)
{
    (void)state;
    collection c[2];
    rig r[2];
    for (int t = 0; t < 2; t++) {
        err e = {0};
        r[t] = rig_open("cpu", t + 1, "blocks.1.hook_resid_post");
        prompt_set p = prompts_make(&r[t], 0);
        scan_source source = source_of(&r[t], &p, 5);
        assert_int_equal(collect_features(&c[t], &source, r[t].sae, &e), OK);
        prompts_release(&p);
    }
    expect_same(&c[0], &c[1]);
    for (int t = 0; t < 2; t++) {
        collection_release(&c[t]);
        rig_close(&r[t]);
    }
}

/* More rows than are encoded at once: prompts are cut across blocks. */
static void more_rows_than_one_block(void **state)
{
    (void)state;
    enum { COPIES = 90 };
    rig r = rig_open("cpu", 2, "hook_embed");
    prompt_set once = {.bos = 0, .min_tokens = 1, .max_tokens = 20}, many = once;
    static const char text[] = "abcdefghijklm";
    collection one, all;
    err e = {0};
    assert_int_equal(prompts_add(&once, r.tokenizer, text, strlen(text), &e), OK);
    for (int i = 0; i < COPIES; i++)
        assert_int_equal(prompts_add(&many, r.tokenizer, text, strlen(text), &e), OK);
    assert_true(many.first[many.n] > 1024);
    scan_source source = source_of(&r, &once, 16);
    assert_int_equal(collect_features(&one, &source, r.sae, &e), OK);
    source = source_of(&r, &many, 16);
    assert_int_equal(collect_features(&all, &source, r.sae, &e), OK);
    for (int f = 0; f < F; f++) {
        assert_int_equal(all.stats_F[f].n_active, COPIES * one.stats_F[f].n_active);
        assert_int_equal(collection_count(&all, f), COPIES * collection_count(&one, f));
        for (size_t i = 0; i < collection_count(&all, f); i++) {
            const prompt_activation *a = &collection_entries(&all, f)[i];
            const prompt_activation *b = collection_entries(&one, f);
            assert_int_equal(a->prompt, i);
            assert_int_equal(a->peak, b->peak);
            assert_true(fabsf(a->max - b->max) < 1e-5f && fabsf(a->mean - b->mean) < 1e-5f);
        }
    }
    collection_release(&one);
    collection_release(&all);
    prompts_release(&once);
    prompts_release(&many);
    rig_close(&r);
}

/* Stopped after every `prompts` of them, and each time gone on with by a new pass. */
static void goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    rig r = rig_open("cpu", 2, "blocks.1.hook_resid_post");
    prompt_set p = prompts_make(&r, 0);
    scan_source source = source_of(&r, &p, 5);
    collection whole, parts;
    err e = {0};
    assert_int_equal(collect_features(&whole, &source, r.sae, &e), OK);
    for (int prompts = 1; prompts < 8; prompts++) {
        stopper *s = stopper_new(NULL, prompts);
        int stops = -1;
        err_code rc = E_CANCELLED;
        for (; rc == E_CANCELLED; stops++) {
            source.draft = &s->draft;
            rc = collect_features(&parts, &source, r.sae, &e);
            stopper *next = stopper_new(&s->kept, prompts);
            stopper_release(s);
            s = next;
        }
        assert_int_equal(rc, OK);
        assert_int_equal(stops, PROMPTS / prompts);
        expect_same(&whole, &parts);
        collection_release(&parts);
        stopper_release(s);
    }
    collection_release(&whole);
    prompts_release(&p);
    rig_close(&r);
}

static void another_state_is_refused(void **state)
{
    (void)state;
    rig r = rig_open("cpu", 1, "hook_embed");
    prompt_set p = prompts_make(&r, 0);
    scan_source source = source_of(&r, &p, 5);
    stopper *s = stopper_new(NULL, 9);
    collection c;
    err e = {0};
    source.draft = &s->draft;
    assert_int_equal(collect_features(&c, &source, r.sae, &e), E_CANCELLED);
    for (size_t cut = 0; cut < s->kept.len; cut += cut < 64 ? 1 : s->kept.len / 50) {
        draft d = {.name = "the-draft"};
        if (cut)
            str_add_bytes(&d.state, s->kept.data, cut);
        else
            str_addf(&d.state, "%*s", (int)s->kept.len, "blanks");
        source.draft = &d;
        assert_int_equal(collect_features(&c, &source, r.sae, &e), E_FORMAT);
        assert_non_null(strstr(e.text, "the-draft"));
        str_release(&d.state);
    }
    stopper_release(s);
    prompts_release(&p);
    rig_close(&r);
}

static void what_cannot_be_collected(void **state)
{
    (void)state;
    rig r = rig_open("cpu", 1, "hook_embed");
    collection c;
    err e = {0};
    prompt_set p = {.bos = 0, .min_tokens = 7, .max_tokens = 20};
    scan_source source = source_of(&r, &p, 4);
    assert_int_equal(prompts_add(&p, r.tokenizer, "short", 5, &e), OK);
    assert_int_equal(collect_features(&c, &source, r.sae, &e), E_DATA);
    assert_non_null(strstr(e.text, "1 were shorter"));

    p.min_tokens = 1;
    assert_int_equal(prompts_add(&p, r.tokenizer, "short", 5, &e), OK);
    const parameter *embedding = model_embedding(r.model);
    for (size_t k = 0; k < embedding->n; k++)
        embedding->value[k] = (float)NAN;
    assert_int_equal(collect_features(&c, &source, r.sae, &e), E_NUMERIC);
    assert_non_null(strstr(e.text, "hook_embed"));
    prompts_release(&p);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_running_each_prompt_alone),
        cmocka_unit_test(same_bytes_for_any_number_of_threads),
        cmocka_unit_test(more_rows_than_one_block),
        cmocka_unit_test(goes_on_to_the_same_bytes),
        cmocka_unit_test(another_state_is_refused),
        cmocka_unit_test(what_cannot_be_collected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
