/* Off a terminal: plain lines, no control characters, everything in the log. And cancellation. */
#include "test.h"
#include "base/common.h"
#include "base/progress.h"
#include "base/str.h"
#include "base/io.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void say_everything(reporter *r)
{
    report_line(r, "collect: %d prompts", 512);
    report_detail(r, "detail %s", "one");
    report_warning(r, "only %d features", 3);
    progress p = progress_start(r, "optimise", 100);
    p.started -= 60; /* as if a minute ago, so that a line is due */
    progress_step(&p, 50, "loss 2.31");
    progress_step(&p, 100, NULL);
    progress_end(&p);
}

/* What say_everything shows on stderr at this level; the log's content in *log. */
static void captured(str *shown, str *log, reporter r)
{
    const char *stderr_path = scratch("stderr"), *log_path = scratch("log");
    err e = {0};
    int saved = dup(STDERR_FILENO);
    FILE *to = fopen(stderr_path, "wb");
    r.log = log ? fopen(log_path, "wb") : NULL;
    assert_non_null(to);
    assert_true(saved >= 0 && dup2(fileno(to), STDERR_FILENO) >= 0);
    say_everything(&r);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    fclose(to);
    if (r.log)
        fclose(r.log);
    assert_int_equal(io_read(shown, stderr_path, 10000, &e), OK);
    if (log)
        assert_int_equal(io_read(log, log_path, 10000, &e), OK);
}

static void plain_lines_off_a_terminal(void **state)
{
    (void)state;
    str shown = {0}, log = {0};
    captured(&shown, &log, (reporter){.level = REPORT_NORMAL});
    assert_non_null(strstr(str_text(&shown), "collect: 512 prompts\n"));
    assert_non_null(strstr(str_text(&shown), "warning: only 3 features\n"));
    assert_non_null(strstr(str_text(&shown), "optimise"));
    assert_non_null(strstr(str_text(&shown), "loss 2.31"));
    assert_null(strstr(str_text(&shown), "detail one"));
    assert_null(strchr(str_text(&shown), '\r'));
    assert_null(strchr(str_text(&shown), '\033'));
    assert_non_null(strstr(str_text(&log), "collect: 512 prompts\n"));
    assert_non_null(strstr(str_text(&log), "detail one\n")); /* the log has the details too */
    assert_null(strchr(str_text(&log), '\033'));
    str_release(&shown);
    str_release(&log);
}

static void levels(void **state)
{
    (void)state;
    str quiet = {0}, verbose = {0}, terminal = {0};
    captured(&quiet, NULL, (reporter){.level = REPORT_QUIET});
    assert_string_equal(str_text(&quiet), "warning: only 3 features\n"); /* warnings always */
    captured(&verbose, NULL, (reporter){.level = REPORT_VERBOSE});
    assert_non_null(strstr(str_text(&verbose), "detail one\n"));
    captured(&terminal, NULL, (reporter){.level = REPORT_NORMAL, .terminal = true});
    assert_non_null(strstr(str_text(&terminal), "\r")); /* a bar is redrawn in place */
    assert_non_null(strstr(str_text(&terminal), "100%"));
    say_everything(NULL); /* shows nothing, crashes nothing */
    str_release(&quiet);
    str_release(&verbose);
    str_release(&terminal);
}

/* A stage may count more or less than it announced, or have nothing to do. */
static void odd_totals(void **state)
{
    (void)state;
    reporter r = {.level = REPORT_QUIET, .terminal = true};
    static const long totals[] = {0, -5, 1, 1000};
    for (int i = 0; i < 4; i++) {
        progress p = progress_start(&r, "x", totals[i]);
        progress_step(&p, 0, NULL);
        progress_step(&p, 5000, "over");
        progress_end(&p);
        assert_true(p.done <= p.total);
    }
}

static void the_clock_goes_forward(void **state)
{
    (void)state;
    double a = clock_seconds();
    usleep(2000);
    double b = clock_seconds();
    assert_true(b - a >= 0.002);
}

/* Last: the flag stays set once a signal came. */
static void a_signal_asks_to_stop(void **state)
{
    (void)state;
    err e = {0};
    cancel_install();
    assert_false(cancel_requested());
    assert_int_equal(cancel_check(&e), OK);
    assert_int_equal(raise(SIGTERM), 0);
    assert_true(cancel_requested());
    assert_int_equal(cancel_check(&e), E_CANCELLED);
    assert_int_equal(e.code, E_CANCELLED);
    assert_true(strlen(e.text) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_lines_off_a_terminal),
        cmocka_unit_test(levels),
        cmocka_unit_test(odd_totals),
        cmocka_unit_test(the_clock_goes_forward),
        cmocka_unit_test(a_signal_asks_to_stop),
    };
    return cmocka_run_group_tests_name("progress", tests, NULL, scratch_remove);
}
