/* What is linked in is what stands in the tree, byte for byte. Runs from the repository's root. */
#include "test.h"
#include "base/io.h"
#include "builtin/builtin.h"
#include <stdint.h>
#include <string.h>

/* The set holds exactly the plain files of `folder`; each opens with the same bytes. */
static void assert_same_as(files set, const char *folder)
{
    arena a = {0};
    err e = {0};
    char **names = NULL;
    int n = 0;
    if (io_is_dir(folder))
        assert_int_equal(io_list(&names, &n, folder, &a, &e), OK);
    assert_non_null(set.label);
    assert_null(set.dir);
    assert_non_null(set.blobs); /* also when empty: NULL would mean a folder on disk */
    assert_int_equal(set.n_blobs, n);
    for (int i = 0; i < n; i++) {
        mapping here, there;
        assert_true(files_has(&set, names[i]));
        assert_int_equal(files_open(&here, &set, names[i], &e), OK);
        assert_int_equal(io_map(&there, path_join(&a, folder, names[i]), &e), OK);
        assert_int_equal(here.size, there.size);
        assert_memory_equal(here.data, there.data, there.size);
        assert_int_equal((uintptr_t)here.data % 64, 0);
        assert_int_equal(here.data[here.size], 0); /* text can be read as a C string */
        io_unmap(&here);
        io_unmap(&there);
    }
    assert_false(files_has(&set, "no such file"));
    arena_release(&a);
}

static void every_set_matches_its_folder(void **state)
{
    (void)state;
    assert_same_as(builtin_model(), "src/builtin/data/model");
    assert_same_as(builtin_sae(), "src/builtin/data/sae");
    assert_same_as(builtin_training(), "src/builtin/data/training");
    assert_same_as(builtin_templates(), "templates");
}

static void presence_is_told(void **state)
{
    (void)state;
    files model = builtin_model(), sae = builtin_sae();
    assert_int_equal(builtin_present(), files_has(&model, "model.safetensors") &&
                                            files_has(&sae, "sae_weights.safetensors"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_matches_its_folder),
        cmocka_unit_test(presence_is_told),
    };
    return cmocka_run_group_tests_name("builtin", tests, NULL, NULL);
}
