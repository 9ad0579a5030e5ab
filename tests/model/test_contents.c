/* Looking into a folder says what loading and running do: the memory is what they really allocate,
 * and what loading refuses is refused. */
#include "base/memory.h"
#include "data/files.h"
#include "model/contents.h"
#include "model/forward.h"
#include "test.h"
#include <string.h>

static const char FOLDER[] = "tests/parity/fixtures/models/neox_parallel";
enum { TOKENS = 7 };

/* A backend that works and counts; `plain` does the work. */
typedef struct watched {
    backend be;
    backend *plain;
    size_t bytes;
} watched;

static void *watched_alloc(backend *be, size_t n, size_t size, const char *what, err *e)
{
    watched *w = (watched *)be;
    w->bytes += n * size;
    return w->plain->alloc(w->plain, n, size, what, e);
}

static size_t bytes_to_run(watched *w, model *m, forward_mode mode)
{
    forward *f;
    err e;
    w->bytes = 0;
    assert_int_equal(forward_new(&f, m, 1, TOKENS, NULL, mode, &e), OK);
    forward_free(f);
    return w->bytes;
}

static void memory_is_what_is_allocated(void **state)
{
    (void)state;
    files f = files_from_dir(FOLDER);
    watched w = {.plain = backend_ref()};
    arena a = {0};
    model_contents c;
    model *m;
    err e;
    w.be = *w.plain;
    w.be.alloc = watched_alloc;
    if (model_look(&c, &f, TOKENS, &a, &e))
        fail_msg("%s", e.text);
    assert_int_equal(model_load(&m, &w.be, &f, &e), OK);
    assert_int_equal(c.owned_bytes, w.bytes);
    assert_int_equal(c.run_bytes, bytes_to_run(&w, m, FORWARD_ONLY));
    assert_int_equal(c.gradient_bytes, bytes_to_run(&w, m, FORWARD_INPUT_GRADIENT));
    assert_int_equal(c.tokens, TOKENS);
    assert_int_equal(c.n_parameters, config_parameters(model_describe(m)));
    assert_int_equal(c.n_files, 1);
    assert_int_equal(c.n_kinds, 1);
    assert_string_equal(c.kinds[0].name, "F32");
    assert_int_equal(c.kinds[0].bytes, 4 * c.n_parameters);
    assert_int_equal(c.kinds[0].n_tensors, c.n_weights);
    model_free(m);
    arena_release(&a);
    backend_free(w.plain);
}

static void a_sequence_is_cut_to_the_context(void **state)
{
    (void)state;
    files f = files_from_dir(FOLDER);
    arena a = {0};
    model_contents c;
    err e;
    assert_int_equal(model_look(&c, &f, 1 << 20, &a, &e), OK);
    assert_int_equal(c.tokens, c.config.context);
    arena_release(&a);
}

static void what_is_not_there_is_refused(void **state)
{
    (void)state;
    files f = files_from_dir("tests/model/no-such-folder");
    arena a = {0};
    model_contents c;
    err e;
    assert_int_equal(model_look(&c, &f, TOKENS, &a, &e), E_IO);
    assert_non_null(strstr(e.text, "config.json"));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_what_is_allocated),
        cmocka_unit_test(a_sequence_is_cut_to_the_context),
        cmocka_unit_test(what_is_not_there_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
