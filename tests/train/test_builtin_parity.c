/* The built-in folders give the same tokens, logits, activations and reconstructions here as in
 * Hugging Face transformers and SAELens (tests/train/export_builtin_parity.py). */
#include "test.h"

#include "base/json.h"
#include "base/memory.h"
#include "data/safetensors.h"
#include "data/tokenizer.h"
#include "model/forward.h"
#include "sae/sae.h"
#include <math.h>
#include <string.h>

/* float32 sums in another order; logits reach 30. */
#define TOLERANCE 2e-4

enum { LAST = 4, MAX_T = 64 };

typedef struct fixture {
    backend *be;
    files model_files, sae_files;
    model *m;
    sae *s;
    tokenizer *t;
    tensor_file expected;
    hook h;
} fixture;

static int set_up(void **state)
{
    fixture *x = mem_small(1, sizeof *x);
    files folder = files_from_dir("tests/train/fixtures");
    pool *p = NULL;
    err e = {0};
    x->model_files = files_from_dir("src/builtin/data/model");
    x->sae_files = files_from_dir("src/builtin/data/sae");
    if (backend_cpu(&x->be, p, &e) || model_load(&x->m, x->be, &x->model_files, &e) ||
        sae_load(&x->s, x->be, &x->sae_files, NULL, &e) ||
        tokenizer_open(&x->t, &x->model_files, &e) ||
        tensor_file_open(&x->expected, &folder, "builtin_parity.safetensors", &e) ||
        hook_parse(&x->h, model_describe(x->m), sae_describe(x->s)->hook, &e))
        fail_msg("%s", e.text);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    fixture *x = *state;
    tensor_file_close(&x->expected);
    tokenizer_free(x->t);
    sae_free(x->s);
    model_free(x->m);
    backend_free(x->be);
    mem_free(x);
    return 0;
}

/* The tensor "prompt.what" as floats. Owner: caller. */
static float *expected(const fixture *x, int prompt, const char *what, size_t *n)
{
    str name = {0};
    str_addf(&name, "%d.%s", prompt, what);
    const stored_tensor *t = tensor_file_find(&x->expected, str_text(&name));
    assert_non_null(t);
    float *values = mem_small(t->count, sizeof *values);
    err e = {0};
    assert_int_equal(stored_tensor_load_f32(values, t, -1, NULL, &e), OK);
    *n = t->count;
    str_release(&name);
    return values;
}

static void assert_close(const float *got, const float *wanted, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (fabs((double)got[i] - (double)wanted[i]) > TOLERANCE * (1 + fabs((double)wanted[i])))
            fail_msg("%s[%zu] is %.7g, expected %.7g", what, i, (double)got[i], (double)wanted[i]);
}

/* Token ids with BOS in front, as the fixture has them. */
static int check_tokens(int32_t *ids, const fixture *x, int prompt, const char *text)
{
    size_t n;
    float *wanted = expected(x, prompt, "ids", &n);
    token_list list = {0};
    err e = {0};
    assert_int_equal(tokenizer_encode(&list, x->t, text, strlen(text), &e), OK);
    assert_int_equal(list.n + 1, n);
    assert_true(n <= MAX_T);
    ids[0] = 0;
    for (size_t i = 1; i < n; i++) {
        ids[i] = list.ids[i - 1];
        assert_int_equal(ids[i], (int)wanted[i]);
    }
    token_list_release(&list);
    mem_free(wanted);
    return (int)n;
}

/* Every active feature with its value; all others are 0. A feature at its very threshold may fall
 * on either side: its value is then within the tolerance of the threshold. */
static void check_features(const fixture *x, int prompt, const float *f_TF, int T)
{
    int F = sae_describe(x->s)->d_sae;
    size_t n_active, n_values;
    float *active = expected(x, prompt, "active", &n_active);
    float *values = expected(x, prompt, "values", &n_values);
    float *dense_TF = mem_small((size_t)T * (size_t)F, sizeof *dense_TF);
    for (size_t i = 0; i < n_values; i++)
        ROW(dense_TF, (int)active[2 * i], F)[(int)active[2 * i + 1]] = values[i];
    for (int i = 0; i < T * F; i++) {
        double threshold = (double)sae_thresholds(x->s)[i % F];
        double got = (double)f_TF[i], wanted = (double)dense_TF[i];
        bool one_is_zero = (got > 0) != (wanted > 0);
        bool at_threshold = fabs(fmax(got, wanted) - threshold) < TOLERANCE * (1 + threshold);
        if (one_is_zero ? !at_threshold : fabs(got - wanted) > TOLERANCE * (1 + wanted))
            fail_msg("feature %d at token %d is %.7g, SAELens has %.7g", i % F, i / F, got, wanted);
    }
    mem_free(dense_TF);
    mem_free(values);
    mem_free(active);
}

static void check_prompt(const fixture *x, int prompt, const char *text)
{
    int D = model_describe(x->m)->d_model, V = model_describe(x->m)->d_vocab;
    int F = sae_describe(x->s)->d_sae;
    int32_t ids[MAX_T];
    int T = check_tokens(ids, x, prompt, text), first = T - LAST;
    float *logits_NV = mem_small((size_t)LAST * (size_t)V, sizeof *logits_NV);
    float *f_TF = mem_small((size_t)T * (size_t)F, sizeof *f_TF);
    float *y_TD = mem_small((size_t)T * (size_t)D, sizeof *y_TD);
    forward *pass;
    err e = {0};
    size_t n;
    assert_int_equal(forward_new(&pass, x->m, 1, T, NULL, FORWARD_ONLY, &e), OK);
    assert_int_equal(forward_tokens(pass, ids, 1, T, &x->h, &e), OK);
    float *resid = expected(x, prompt, "resid", &n);
    assert_close(ROW(forward_hook(pass), first, D), resid, n, "residual stream");
    sae_encode(f_TF, x->s, forward_hook(pass), T);
    check_features(x, prompt, f_TF, T);
    sae_decode(y_TD, x->s, f_TF, forward_hook(pass), T);
    float *output = expected(x, prompt, "output", &n);
    assert_close(ROW(y_TD, first, D), output, n, "reconstruction");
    assert_int_equal(forward_tokens(pass, ids, 1, T, NULL, &e), OK);
    assert_int_equal(forward_logits(logits_NV, pass, first, LAST, &e), OK);
    float *logits = expected(x, prompt, "logits", &n);
    assert_close(logits_NV, logits, n, "logits");
    forward_free(pass);
    mem_free(logits);
    mem_free(output);
    mem_free(resid);
    mem_free(y_TD);
    mem_free(f_TF);
    mem_free(logits_NV);
}

static void test_parity(void **state)
{
    const fixture *x = *state;
    cJSON *prompts;
    err e = {0};
    const char *text = safetensors_metadata(&x->expected, "prompts");
    assert_non_null(text);
    assert_int_equal(json_parse(&prompts, text, strlen(text), "prompts", &e), OK);
    assert_true(cJSON_GetArraySize(prompts) >= 3);
    for (int i = 0; i < cJSON_GetArraySize(prompts); i++)
        check_prompt(x, i, cJSON_GetArrayItem(prompts, i)->valuestring);
    cJSON_Delete(prompts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parity)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
