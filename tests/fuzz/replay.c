/* Runs the committed corpus of a fuzz target, and whatever once made it crash, through it. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "fuzz/fuzz.h"
#include <stdio.h>
#include <string.h>

/* Every file of the folder, each in memory that ends where the file ends. Returns how many. */
static int run_folder(const char *folder)
{
    arena names = {0};
    char **list;
    int n = 0;
    err e = {0};
    if (io_list(&list, &n, folder, &names, &e))
        fail_msg("%s", e.text);
    for (int i = 0; i < n; i++) {
        str file = {0};
        if (io_read(&file, path_join(&names, folder, list[i]), 1 << 24, &e))
            fail_msg("%s", e.text);
        uint8_t *exact = malloc(file.len ? file.len : 1);
        assert_non_null(exact);
        if (file.len)
            memcpy(exact, file.data, file.len);
        printf("# %s/%s\n", folder, list[i]); /* the last line of a crash names its file */
        fflush(stdout);
        LLVMFuzzerTestOneInput(exact, file.len);
        free(exact);
        str_release(&file);
    }
    arena_release(&names);
    return n;
}

static void the_corpus_does_no_harm(void **state)
{
    (void)state;
    char folder[256];
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", fuzz_target);
    assert_true(run_folder(folder) > 0);
}

static void what_once_crashed_does_no_more(void **state)
{
    (void)state;
    char folder[256];
    snprintf(folder, sizeof folder, "tests/fuzz/crashes/%s", fuzz_target);
    if (io_is_dir(folder)) /* git keeps no empty folder: nothing was found yet */
        assert_true(run_folder(folder) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus_does_no_harm),
        cmocka_unit_test(what_once_crashed_does_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
