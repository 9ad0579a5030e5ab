/* Whole runs with a language model to ask: what it says stands in the report, each answer is asked
 * for once, and the key is nowhere. */
#include "test.h"

#include "base/common.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "net/common_chat.h"
#include "pipeline/pipeline.h"
#include "results/record.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "sk-never_to_be_seen_4711"
#define SENTENCE "On <script>alert(1)</script> & `names`."

enum { TARGETS = 3, ASKED = 2, WINDOWS = 40 };

static arena memory;

/* Says yes to every text that holds an "s". */
static void judge(char *answer, size_t room, const char *request)
{
    cJSON *tree = cJSON_Parse(request);
    const cJSON *user = tree ? json_member(tree, "messages")->child->next : NULL;
    cJSON *content = user ? cJSON_Parse(json_member(user, "content")->valuestring) : NULL;
    const cJSON *texts = content ? json_member(content, "texts") : NULL, *text;
    size_t n = 0;
    snprintf(answer, room, SENTENCE);
    cJSON_ArrayForEach(text, texts)
        n += (size_t)snprintf(answer + n, room - n, "%s%d", n ? ", " : "[",
                              strchr(text->valuestring, 's') != NULL);
    if (texts)
        snprintf(answer + n, room - n, "]");
    cJSON_Delete(tree);
    cJSON_Delete(content);
}

static int start(void **state)
{
    (void)state;
    chat_server_start(judge);
    return 0;
}

static int end(void **state)
{
    chat_server_end();
    arena_release(&memory);
    return scratch_remove(state);
}

/* A run of seconds; `more` are further settings. */
static run_config small_run(const char *const *more, size_t n)
{
    static const char *const settings[] = {"run.threads=2",
                                           "collect.n_prompts=150",
                                           "select.max_features=3",
                                           "select.num_clusters=3",
                                           "optimise.restarts=2",
                                           "optimise.max_steps=8",
                                           "cluster.min_cluster_size=3",
                                           "cluster.umap_epochs=50",
                                           "search.effort=warm",
                                           "search.restarts=2",
                                           "search.iterations=2",
                                           "search.children=4",
                                           "search.front_iterations=1",
                                           "search.sweep_tokens=0",
                                           "search.single_tokens=300",
                                           "explain.template_sentences=false",
                                           "rules.random_directions=0",
                                           "rules.resamples=0",
                                           "explain.optimised_prompt=false",
                                           "explainer.model=small-1",
                                           "explainer.features=2",
                                           "explainer.windows=40",
                                           "explainer.key_env=SAEINV_TEST_KEY",
                                           "explainer.input_price=1",
                                           "explainer.output_price=2"};
    run_config c = run_config_defaults();
    err e;
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        if (run_config_set_pair(&c, settings[i], &e))
            fail_msg("%s", e.text);
    assert_int_equal(run_config_set(&c, "explainer.url", chat_server_url(), &e), OK);
    assert_int_equal(run_config_set(&c, "collect.cache_dir", scratch("cache"), &e), OK);
    for (size_t i = 0; i < n; i++)
        if (run_config_set_pair(&c, more[i], &e))
            fail_msg("%s", e.text);
    return c;
}

static err_code run(const char *out, const char *const *more, size_t n, err *e)
{
    run_config c = small_run(more, n);
    reporter quiet = {.level = REPORT_QUIET};
    run_places places = {.out = out};
    *e = (err){0};
    return pipeline_run(&c, &places, &quiet, e);
}

/* ---- folders ----------------------------------------------------------------------------------
 */

typedef void visitor(const char *path, const char *name, void *context);

static void each_file(const char *dir, const char *name, visitor *visit, void *context)
{
    char **names;
    int n;
    err e;
    const char *path = *name ? path_join(&memory, dir, name) : dir;
    if (!io_is_dir(path)) {
        visit(path, name, context);
        return;
    }
    assert_int_equal(io_list(&names, &n, path, &memory, &e), OK);
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], "volatile") != 0 || context == NULL)
            each_file(dir, *name ? path_join(&memory, name, names[i]) : names[i], visit, context);
}

static str read_whole(const char *path)
{
    str text = {0};
    err e;
    if (io_read(&text, path, 64 << 20, &e))
        fail_msg("%s", e.text);
    return text;
}

static void has_no_key(const char *path, const char *name, void *context)
{
    (void)context;
    str text = read_whole(path);
    if (memmem(str_text(&text), text.len, KEY, strlen(KEY)))
        fail_msg("%s holds the key", name);
    str_release(&text);
}

static void is_same(const char *path, const char *name, void *context)
{
    str text = read_whole(path);
    if (!file_is(path_join(&memory, context, name), str_text(&text), text.len))
        fail_msg("%s is not the same", name);
    str_release(&text);
}

/* ---- tests ------------------------------------------------------------------------------------
 */

static const record_explanation *written_of(const record_target *t)
{
    for (int i = 0; i < t->n_explanations; i++)
        if (!strcmp(t->explanations[i].method, "language model"))
            return &t->explanations[i];
    return NULL;
}

static double score(const record_explanation *x, const char *name)
{
    for (int i = 0; i < x->n_scores; i++)
        if (!strcmp(x->scores[i].name, name))
            return x->scores[i].value;
    fail_msg("no score \"%s\"", name);
    return 0;
}

/* One answer about windows of one feature was no list of the right length. */
static void check_record(const char *out)
{
    record r;
    err e;
    int n = 0;
    double windows = 0, failed = 0;
    if (record_read(&r, &memory, out, &e))
        fail_msg("%s", e.text);
    assert_int_equal(r.n_targets, TARGETS);
    for (int i = 0; i < r.n_targets; i++) {
        const record_explanation *x = written_of(&r.targets[i]);
        if (!x)
            continue;
        assert_int_equal(x->text.n, strlen(SENTENCE));
        assert_memory_equal(x->text.bytes, SENTENCE, strlen(SENTENCE));
        assert_string_equal(x->title, "Sentence by small-1");
        assert_in_range((int)(100 * score(x, "detection, balanced accuracy")), 10, 100);
        windows += score(x, "windows");
        failed += score(x, "failed answers");
        n++;
    }
    assert_int_equal(n, ASKED);
    assert_true(failed == 1);
    assert_in_range((int)windows, ASKED * WINDOWS / 2, ASKED * WINDOWS - 1);
}

static void check_pages(const char *out)
{
    char **names;
    int n, shown = 0;
    err e;
    const char *dir = path_join(&memory, out, "features");
    assert_int_equal(io_list(&names, &n, dir, &memory, &e), OK);
    for (int i = 0; i < n; i++) {
        if (!strstr(names[i], ".html"))
            continue;
        str page = read_whole(path_join(&memory, dir, names[i]));
        assert_null(strstr(str_text(&page), "<script>alert"));
        shown += strstr(str_text(&page), "&lt;script&gt;alert(1)") != NULL;
        str_release(&page);
    }
    assert_int_equal(shown, ASKED);
}

static void asked_once(void **state)
{
    (void)state;
    err e;
    const char *first = arena_strdup(&memory, scratch("first"));
    const char *second = arena_strdup(&memory, scratch("second"));
    chat_state *server = chat_server_reset();
    server->fault = CHAT_TEXT;
    server->times = 1;
    snprintf(server->where, sizeof server->where, "\\\"texts\\\"");
    snprintf(server->text, sizeof server->text, "[1, 0]");
    setenv("SAEINV_TEST_KEY", KEY, 1);
    if (run(first, NULL, 0, &e))
        fail_msg("%s", e.text);
    int requests = server->requests;
    assert_in_range(requests, ASKED * (1 + WINDOWS / 2 / 5), ASKED * (1 + WINDOWS / 5));
    assert_int_equal(server->with_key, requests);
    check_record(first);
    check_pages(first);

    unsetenv("SAEINV_TEST_KEY"); /* and nothing is to be paid */
    static const char *const free_of_charge[] = {"explainer.max_cost=0"};
    if (run(second, free_of_charge, 1, &e))
        fail_msg("%s", e.text);
    assert_int_equal(server->requests, requests);
    each_file(first, "", is_same, (void *)(uintptr_t)second);
    each_file(second, "", is_same, (void *)(uintptr_t)first);
    each_file(scratch(""), "", has_no_key, NULL);
}

static void refusals(void **state)
{
    (void)state;
    static const char *const dear[] = {"explainer.max_cost=0.0001", "explainer.max_tokens=121"},
                             *const no_key[] = {"explainer.max_tokens=121"},
                             *const open[] = {"explainer.url=http://host.example/v1"},
                             *const no_url[] = {"explainer.url=file:///etc/passwd"},
                             *const no_model[] = {"explainer.model="};
    const char *out = arena_strdup(&memory, scratch("refused"));
    err e;
    chat_state *server = chat_server_reset();
    setenv("SAEINV_TEST_KEY", KEY, 1);
    assert_int_equal(run(out, dear, COUNT_OF(dear), &e), E_CONFIG);
    assert_non_null(strstr(e.text, "explainer.max_cost"));
    unsetenv("SAEINV_TEST_KEY");
    assert_int_equal(run(out, no_key, 1, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "SAEINV_TEST_KEY"));
    assert_int_equal(run(out, open, 1, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "explainer.url"));
    assert_int_equal(run(out, no_url, 1, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "explainer.url"));
    assert_int_equal(run(out, no_model, 1, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "explainer.model"));
    assert_int_equal(server->requests, 0);
    assert_false(io_exists(out));
}

/* A refused key ends the run with one message, and what was answered before is kept. */
static void goes_on(void **state)
{
    (void)state;
    static const char *const other[] = {"explainer.max_tokens=122"};
    const char *out = arena_strdup(&memory, scratch("goes-on"));
    err e;
    chat_state *server = chat_server_reset();
    setenv("SAEINV_TEST_KEY", KEY, 1);
    server->fault = CHAT_STATUS;
    server->status = 401;
    server->times = CHAT_ALWAYS;
    snprintf(server->where, sizeof server->where, "\\\"texts\\\"");
    assert_int_equal(run(out, other, 1, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "status 401"));
    assert_non_null(strstr(e.text, "SAEINV_TEST_KEY"));
    assert_null(strstr(e.text, KEY));
    assert_int_equal(server->requests, 2);
    assert_false(io_exists(out));
    server->fault = CHAT_FINE;
    if (run(out, other, 1, &e))
        fail_msg("%s", e.text);
    assert_in_range(server->requests, 2 + ASKED * WINDOWS / 2 / 5,
                    2 + ASKED * (1 + WINDOWS / 5) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_once),
        cmocka_unit_test(refusals),
        cmocka_unit_test(goes_on),
    };
    return cmocka_run_group_tests(tests, start, end);
}
