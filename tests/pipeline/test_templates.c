/* Templates from the program and from a user's folder. */
#include "test.h"

#include "base/common.h"
#include "builtin/builtin.h"
#include "pipeline/templates.h"
#include <string.h>

static void the_built_in_ones(void **state)
{
    (void)state;
    loaded_templates t;
    err e = {0};
    files own = builtin_templates();
    assert_int_equal(templates_load(&t, NULL, &e), OK);
    assert_int_equal(t.set.n, own.n_blobs);
    assert_true(t.set.n > 5);
    for (int i = 0; i < t.set.n; i++) {
        const template_source *found = template_find(&t.set, own.blobs[i].name);
        assert_non_null(found);
        assert_int_equal(found->size, own.blobs[i].size);
        assert_memory_equal(found->data, own.blobs[i].data, found->size);
    }
    templates_release(&t);
    assert_int_equal(t.set.n, 0);
}

static void a_folder_replaces_what_it_has(void **state)
{
    (void)state;
    loaded_templates t;
    err e = {0};
    assert_int_equal(io_make_dir(scratch("own"), &e), OK);
    put_file(scratch("own/run.md"), "mine", 4);
    put_file(scratch("own/unknown.md"), "x", 1); /* no page asks for it */
    assert_int_equal(templates_load(&t, scratch("own"), &e), OK);
    assert_int_equal(t.set.n, builtin_templates().n_blobs);
    const template_source *run = template_find(&t.set, "run.md");
    assert_int_equal(run->size, 4);
    assert_memory_equal(run->data, "mine", 4);
    assert_true(template_find(&t.set, "feature.md")->size > 4);
    assert_null(template_find(&t.set, "unknown.md"));
    templates_release(&t);
}

static void what_is_no_folder(void **state)
{
    (void)state;
    loaded_templates t;
    err e = {0};
    put_file(scratch("file"), "x", 1);
    const char *paths[] = {scratch("missing"), scratch("file")};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(templates_load(&t, paths[i], &e), E_USAGE);
        assert_non_null(strstr(e.text, paths[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_ones),
        cmocka_unit_test(a_folder_replaces_what_it_has),
        cmocka_unit_test(what_is_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
