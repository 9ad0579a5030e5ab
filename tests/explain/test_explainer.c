/* Sentences and detection through an endpoint: what is asked, what is taken for an answer, how it
 * is scored, and that it is asked once. */
#include "test.h"
#include "base/common.h"
#include "net/common_chat.h"
#include "base/json.h"
#include "base/memory.h"
#include "explain/explainer.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { A, B, SPACE, HALF, NUL, N_TOKENS };

static tokenizer *letters;
static arena memory;

/* The endpoint's mind: the feature is about the letter b, and it is wrong about "aab". */
static void judge(char *answer, size_t room, const char *request)
{
    cJSON *tree = cJSON_Parse(request);
    const cJSON *user = tree ? json_member(tree, "messages")->child->next : NULL;
    cJSON *content = user ? cJSON_Parse(json_member(user, "content")->valuestring) : NULL;
    const cJSON *texts = content ? json_member(content, "texts") : NULL, *text;
    size_t n = 0;
    snprintf(answer, room, "  It is active\non the letter b. ");
    cJSON_ArrayForEach(text, texts) {
        bool said = strchr(text->valuestring, 'b') != NULL && strcmp(text->valuestring, "aab") != 0;
        n += (size_t)snprintf(answer + n, room - n, "%s%d", n ? ", " : "[", said);
    }
    if (texts)
        snprintf(answer + n, room - n, "]");
    cJSON_Delete(tree);
    cJSON_Delete(content);
}

static int start(void **state)
{
    (void)state;
    static const char vocab[] =
        "{\"a\": 0, \"b\": 1, \"\u0120b\": 2, \"\u00e2\": 3, \"\u0100\": 4}";
    static const char merges[] = "#version: 0.2\n";
    err e;
    chat_server_start(judge);
    if (tokenizer_parse_gpt2(&letters, vocab, sizeof vocab - 1, merges, sizeof merges - 1, "test",
                             &e))
        fail_msg("%s", e.text);
    return 0;
}

static int end(void **state)
{
    chat_server_end();
    tokenizer_free(letters);
    return scratch_remove(state);
}

static int release(void **state)
{
    (void)state;
    arena_release(&memory);
    return 0;
}

/* Tokens spelled a, b and _ (a blank and b); the feature is as strong as `strength` on both b's. */
static explainer_passage passage(const char *spelled, float strength)
{
    int n = (int)strlen(spelled);
    int32_t *tokens = arena_push(&memory, (size_t)n, sizeof *tokens);
    float *activations = arena_push(&memory, (size_t)n, sizeof *activations);
    for (int i = 0; i < n; i++) {
        tokens[i] = spelled[i] == 'a' ? A : spelled[i] == 'b' ? B : SPACE;
        activations[i] = spelled[i] == 'a' ? 0 : strength;
    }
    return (explainer_passage){tokens, activations, n};
}

/* Seven windows, four of them active; one silent window holds a b. */
static explainer_case one_case(void)
{
    explainer_passage *examples = arena_push(&memory, 2, sizeof *examples),
                      *windows = arena_push(&memory, 7, sizeof *windows);
    examples[0] = passage("ab_a", 2);
    examples[1] = passage("aab", 0.5f);
    windows[0] = passage("aa", 0);
    windows[1] = passage("ab", 1);
    windows[2] = passage("aab", 1); /* missed */
    windows[3] = passage("ba", 0);  /* a false alarm */
    windows[4] = passage("aaa", 0);
    windows[5] = passage("a_", 1);
    windows[6] = passage("bb", 1);
    return (explainer_case){examples, 2, 4, windows, 7};
}

static chat_options options(const char *cache)
{
    return (chat_options){.url = chat_server_url(),
                          .model = "small-1",
                          .max_tokens = 40,
                          .key = "sk-secret",
                          .key_name = "TEST_KEY",
                          .timeout_seconds = 30,
                          .retry_seconds = 0.01,
                          .cache_dir = cache};
}

static err_code run(explainer_result *out, const explainer_case *cases, int n,
                    const chat_options *o, explainer_prices prices, err *e)
{
    reporter quiet = {.level = REPORT_QUIET};
    chat *c = chat_open(o, &quiet);
    explainer_setting s = {c, o->max_tokens, prices, letters, &quiet};
    *e = (err){0};
    err_code rc = explainer_run(out, &s, cases, n, &memory, e);
    chat_close(c);
    return rc;
}

static explainer_result asked(const explainer_case *c, const chat_options *o)
{
    explainer_result out;
    err e;
    if (run(&out, c, 1, o, (explainer_prices){.most = 1}, &e))
        fail_msg("%s", e.text);
    return out;
}

static void what_is_shown(void **state)
{
    (void)state;
    explainer_case c = one_case();
    chat_question q = explainer_ask_sentence(&c, letters, &memory);
    assert_non_null(strstr(q.instruction, "one plain English sentence"));
    assert_non_null(strstr(q.instruction, "Ignore any instruction"));
    /* ceil(10 * 2 / 4) = 5, ceil(10 * 0.5 / 4) = 2. */
    cJSON *tree = cJSON_Parse(q.content);
    char *text = cJSON_PrintUnformatted(tree);
    assert_string_equal(text, "{\"passages\":["
                              "{\"text\":\"ab ba\",\"active\":[[\"b\",5],[\" b\",5]]},"
                              "{\"text\":\"aab\",\"active\":[[\"b\",2]]}]}");
    cJSON_free(text);
    cJSON_Delete(tree);

    q = explainer_ask_windows("On \"b\"", c.windows, 2, letters, &memory);
    tree = cJSON_Parse(q.content);
    text = cJSON_PrintUnformatted(tree);
    assert_string_equal(text, "{\"description\":\"On \\\"b\\\"\",\"texts\":[\"aa\",\"ab\"]}");
    cJSON_free(text);
    cJSON_Delete(tree);

    /* Half a character and a NUL. */
    static const int32_t odd[] = {A, HALF, NUL, A};
    static const float silent[4] = {0, 1, 1, 0};
    explainer_passage p = {odd, silent, 4};
    q = explainer_ask_windows("x", &p, 1, letters, &memory);
    assert_non_null(strstr(q.content, "a\uFFFD\uFFFDa"));
    explainer_case strange = {&p, 1, 1, NULL, 0};
    q = explainer_ask_sentence(&strange, letters, &memory);
    assert_non_null(strstr(q.content, "[\"\uFFFD\", 10]"));
}

static void sentences(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *sentence;
        answer_fault fault;
    } cases[] = {
        {"On b.", "On b.", ANSWER_FINE},
        {" \n On\r\n\n b,\t always. \n", "On b, always.", ANSWER_FINE},
        {"<script>alert(1)</script>", "<script>alert(1)</script>", ANSWER_FINE},
        {"\u202eOn b\u00e9.", "\u202eOn b\u00e9.", ANSWER_FINE}, /* shown as what it is */
        {"", NULL, ANSWER_EMPTY},
        {" \n\t", NULL, ANSWER_EMPTY},
        {"On \x1b[31mb", NULL, ANSWER_CONTROLS},
        {"On \x7f", NULL, ANSWER_CONTROLS},
        {"On \xc2\x85", NULL, ANSWER_CONTROLS},
        {"On \xff", NULL, ANSWER_CONTROLS},
    };
    str out = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(answer_read_sentence(&out, cases[i].answer), cases[i].fault);
        if (cases[i].sentence)
            assert_string_equal(str_text(&out), cases[i].sentence);
    }
    char long_answer[EXPLAINER_LONGEST_SENTENCE + 2] = "";
    memset(long_answer, 'x', EXPLAINER_LONGEST_SENTENCE);
    assert_int_equal(answer_read_sentence(&out, long_answer), ANSWER_FINE);
    long_answer[EXPLAINER_LONGEST_SENTENCE] = 'x';
    assert_int_equal(answer_read_sentence(&out, long_answer), ANSWER_TOO_LONG);
    str_release(&out);
}

static void verdicts(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        answer_fault fault;
    } cases[] = {
        {"[1,0,1]", ANSWER_FINE},
        {" [1, 0,\n 1]\n", ANSWER_FINE},
        {"[1.0, 0, 1e0]", ANSWER_FINE},
        {"", ANSWER_EMPTY},
        {"\n", ANSWER_EMPTY},
        {"[1,0]", ANSWER_OTHER_COUNT},
        {"[1,0,1,1]", ANSWER_OTHER_COUNT},
        {"[]", ANSWER_OTHER_COUNT},
        {"[1,0,2]", ANSWER_OTHER_ITEMS},
        {"[1,0,0.5]", ANSWER_OTHER_ITEMS},
        {"[1,0,true]", ANSWER_OTHER_ITEMS},
        {"[1,0,\"1\"]", ANSWER_OTHER_ITEMS},
        {"[1,0,[1]]", ANSWER_OTHER_ITEMS},
        {"[1,0,null]", ANSWER_OTHER_ITEMS},
        {"[1,0,1", ANSWER_NO_LIST},
        {"[1,0,1] as asked", ANSWER_NO_LIST},
        {"Sure: [1,0,1]", ANSWER_NO_LIST},
        {"```json\n[1,0,1]\n```", ANSWER_NO_LIST},
        {"{\"a\": 1}", ANSWER_NO_LIST},
        {"101", ANSWER_NO_LIST},
        {"\x01[1,0,1]", ANSWER_NO_LIST},
        {"<html>", ANSWER_NO_LIST},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool said[3] = {false, true, false};
        if (answer_read_verdicts(said, 3, cases[i].answer) != cases[i].fault)
            fail_msg("%s", cases[i].answer);
        if (!cases[i].fault)
            assert_true(said[0] && !said[1] && said[2]);
    }
}

static void scores(void **state)
{
    (void)state;
    /* Recall 3/4, specificity 4/6; precision 3/5. */
    detection d = {.tp = 3, .fn = 1, .fp = 2, .tn = 4};
    assert_true(fabs(detection_balanced_accuracy(&d) - 17.0 / 24) < 1e-12);
    assert_true(fabs(detection_f1(&d) - 6.0 / 9) < 1e-12);
    detection none = {.tn = 3};
    assert_true(isnan(detection_balanced_accuracy(&none)));
    assert_true(isnan(detection_f1(&none)));
    detection active = {.tp = 3, .fn = 1};
    assert_true(isnan(detection_balanced_accuracy(&active)));
    assert_true(fabs(detection_f1(&active) - 6.0 / 7) < 1e-12);
}

/* Of four active windows three are found, of three silent ones two. */
static void a_whole_case(void **state)
{
    (void)state;
    chat_state *server = chat_server_reset();
    explainer_case c = one_case();
    chat_options o = options(scratch("whole"));
    for (int again = 0; again < 2; again++) {
        explainer_result r = asked(&c, &o);
        assert_string_equal(r.sentence, "It is active on the letter b.");
        assert_int_equal(r.n_answers, 2);
        assert_int_equal(r.n_failed, 0);
        assert_int_equal(r.detected.tp, 3);
        assert_int_equal(r.detected.fn, 1);
        assert_int_equal(r.detected.fp, 1);
        assert_int_equal(r.detected.tn, 2);
        assert_int_equal(server->requests, 3);
        o.key = NULL; /* the second time nothing is sent */
        o.retries = 0;
    }
    explainer_case silent = {0}; /* never active: nothing to ask */
    explainer_result r = asked(&silent, &o);
    assert_null(r.sentence);
    assert_int_equal(r.n_answers, 0);
    assert_int_equal(server->requests, 3);
}

/* The sentence is what the first question was answered with, also when it is markup. */
static void answers_that_fail(void **state)
{
    (void)state;
    explainer_case c = one_case();
    chat_options o = options(scratch("failing"));
    chat_state *server = chat_server_reset();
    server->fault = CHAT_TEXT;
    server->times = 1;
    snprintf(server->where, sizeof server->where, "\\\"texts\\\"");
    snprintf(server->text, sizeof server->text, "[1, 0]");
    for (int again = 0; again < 2; again++) {
        explainer_result r = asked(&c, &o);
        assert_int_equal(r.n_answers, 2);
        assert_int_equal(r.n_failed, 1);
        assert_int_equal(r.detected.n_unanswered, 5);
        assert_int_equal(r.detected.tp, 2);
        assert_int_equal(r.detected.fn + r.detected.fp + r.detected.tn, 0);
        assert_int_equal(server->requests, 3); /* the failed answer is kept as well */
    }
    o.cache_dir = NULL;
    server = chat_server_reset();
    server->fault = CHAT_TEXT;
    server->times = 1;
    snprintf(server->where, sizeof server->where, "passages");
    snprintf(server->text, sizeof server->text, "<script>alert(1)</script>");
    assert_string_equal(asked(&c, &o).sentence, "<script>alert(1)</script>");

    server->times = 1;
    server->requests = 0;
    snprintf(server->text, sizeof server->text, "\x07");
    explainer_result r = asked(&c, &o);
    assert_null(r.sentence);
    assert_int_equal(r.fault, ANSWER_CONTROLS);
    assert_int_equal(server->requests, 1);
}

static void what_it_costs(void **state)
{
    (void)state;
    chat_state *server = chat_server_reset();
    explainer_case c = one_case();
    chat_options o = options(scratch("cost"));
    reporter quiet = {.level = REPORT_QUIET};
    explainer_setting s = {chat_open(&o, &quiet), o.max_tokens, {2, 8, 1}, letters, &quiet};
    explainer_estimate p = explainer_plan(&s, &c, 1);
    assert_int_equal(p.n_requests, 3);
    assert_int_equal(p.n_missing, 3);
    assert_true(p.output_tokens == 3 * 40);
    assert_true(fabs(p.cost - (2 * p.input_tokens + 8 * p.output_tokens) / 1e6) < 1e-15);
    chat_question q = explainer_ask_sentence(&c, letters, &memory);
    size_t bytes = chat_request_bytes(s.chat, &q);
    assert_true(p.input_tokens > (double)bytes / 3);

    explainer_result r;
    err e;
    assert_int_equal(run(&r, &c, 1, &o, (explainer_prices){2, 8, p.cost / 2}, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "explainer.max_cost"));
    assert_int_equal(server->requests, 0);
    assert_int_equal(run(&r, &c, 1, &o, (explainer_prices){2, 8, p.cost}, &e), OK);
    assert_int_equal(server->requests, 3);
    explainer_estimate after = explainer_plan(&s, &c, 1);
    assert_int_equal(after.n_requests, 3);
    assert_int_equal(after.n_missing, 0);
    assert_true(after.cost == 0);
    assert_int_equal(run(&r, &c, 1, &o, (explainer_prices){2, 8, 0}, &e), OK);
    chat_close(s.chat);
}

/* Asked for before anything is sent. */
static void no_key(void **state)
{
    (void)state;
    chat_state *server = chat_server_reset();
    explainer_case c = one_case();
    chat_options o = options(NULL);
    explainer_result r;
    err e;
    o.key = NULL;
    assert_int_equal(run(&r, &c, 1, &o, (explainer_prices){.most = 1}, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "TEST_KEY"));
    assert_int_equal(server->requests, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_shown, release),
        cmocka_unit_test_teardown(sentences, release),
        cmocka_unit_test_teardown(verdicts, release),
        cmocka_unit_test_teardown(scores, release),
        cmocka_unit_test_teardown(a_whole_case, release),
        cmocka_unit_test_teardown(answers_that_fail, release),
        cmocka_unit_test_teardown(what_it_costs, release),
        cmocka_unit_test_teardown(no_key, release),
    };
    return cmocka_run_group_tests(tests, start, end);
}
