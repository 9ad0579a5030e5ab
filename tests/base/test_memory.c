/* Heap blocks and arenas: zeroed, aligned, grown with their content, refused when impossible. */
#include "test.h"
#include "base/arena.h"
#include "base/memory.h"
#include <stdint.h>
#include <string.h>

static void assert_aligned_zeros(const void *p, size_t n)
{
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 64, 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(((const unsigned char *)p)[i], 0);
}

static void arrays_are_zeroed_and_aligned(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, 100001};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        err e = {0};
        unsigned char *p = mem_array(sizes[i], 1, "test", &e);
        assert_aligned_zeros(p, sizes[i]);
        memset(p, 0xFF, sizes[i]); /* ASan: all of it is ours */
        mem_free(p);
        p = mem_small(sizes[i], 1);
        assert_aligned_zeros(p, sizes[i]);
        mem_free(p);
    }
    mem_free(NULL);
}

static void impossible_sizes_are_errors(void **state)
{
    (void)state;
    static const struct {
        size_t n, size;
    } rows[] = {
        {SIZE_MAX, 1},         /* rounding up to the alignment would wrap */
        {SIZE_MAX - 64, 1},    /* the header would wrap */
        {SIZE_MAX / 4 + 1, 4}, /* the product wraps to 0 */
        {SIZE_MAX / 2, 8},     /* the product wraps to a large number */
        {SIZE_MAX / 16, 8},    /* a real size that no machine has */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        err e = {0};
        assert_null(mem_array(rows[i].n, rows[i].size, "activations", &e));
        assert_int_equal(e.code, E_MEMORY);
        assert_non_null(strstr(e.text, "activations"));
    }
}

static void growing_keeps_what_fits(void **state)
{
    (void)state;
    int *p = NULL;
    for (int n = 1; n <= 300; n++) {
        p = mem_grow(p, (size_t)n, sizeof *p);
        p[n - 1] = n;
    }
    for (int n = 1; n <= 300; n++)
        assert_int_equal(p[n - 1], n);
    p = mem_grow(p, 10, sizeof *p);
    assert_int_equal(p[9], 10);
    mem_free(p);

    char *copy = mem_strdup("tail");
    assert_string_equal(copy, "tail");
    mem_free(copy);
}

static void arena_gives_distinct_zeroed_memory(void **state)
{
    (void)state;
    arena a = {0};
    unsigned char *pieces[400];
    for (int i = 0; i < 400; i++) { /* 0 .. 1197 bytes: several blocks */
        size_t n = (size_t)i * 3;
        pieces[i] = arena_push(&a, n, 1);
        assert_aligned_zeros(pieces[i], n);
        memset(pieces[i], i & 0xFF, n);
    }
    for (int i = 0; i < 400; i++)
        for (size_t k = 0; k < (size_t)i * 3; k++)
            assert_int_equal(pieces[i][k], i & 0xFF);
    arena_release(&a);
    assert_aligned_zeros(arena_push(&a, 1 << 20, 1), 1 << 20); /* larger than a block; reuse */
    arena_release(&a);
    arena_release(&a);
}

static void arena_texts(void **state)
{
    (void)state;
    arena a = {0};
    char *whole = arena_strdup(&a, "whole"), *part = arena_strndup(&a, "partial", 4);
    char *empty = arena_strdup(&a, ""), *made = arena_printf(&a, "%s-%05d", "n", 42);
    assert_string_equal(whole, "whole");
    assert_string_equal(part, "part");
    assert_string_equal(empty, "");
    assert_string_equal(made, "n-00042");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_zeroed_and_aligned),
        cmocka_unit_test(impossible_sizes_are_errors),
        cmocka_unit_test(growing_keeps_what_fits),
        cmocka_unit_test(arena_gives_distinct_zeroed_memory),
        cmocka_unit_test(arena_texts),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
