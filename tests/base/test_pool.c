/* The thread pool: each block runs exactly once, results do not depend on the thread count, and
 * the pool can be used again and again. Under TSan this also shows that it has no races. */
#include "test.h"
#include "base/memory.h"
#include "base/pool.h"
#include <stdatomic.h>

static void count_block(void *context, int block)
{
    atomic_int *runs = context;
    atomic_fetch_add(&runs[block], 1);
}

static void every_block_runs_once(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 3, 8}, blocks[] = {0, 1, 2, 7, 1000};
    for (size_t t = 0; t < COUNT_OF(threads); t++) {
        pool *p = pool_new(threads[t]);
        assert_int_equal(pool_threads(p), threads[t]);
        for (size_t b = 0; b < COUNT_OF(blocks); b++) {
            atomic_int *runs = mem_small((size_t)blocks[b] + 1, sizeof *runs);
            pool_run(p, blocks[b], count_block, runs);
            for (int i = 0; i < blocks[b]; i++)
                assert_int_equal(atomic_load(&runs[i]), 1);
            assert_int_equal(atomic_load(&runs[blocks[b]]), 0);
            mem_free(runs);
        }
        pool_free(p);
    }
    pool_free(NULL);
}

static void defaults(void **state)
{
    (void)state;
    pool *p = pool_new(0);
    assert_true(pool_threads(p) >= 1);
    pool_free(p);
    assert_int_equal(pool_threads(NULL), 1);
    atomic_int runs[4] = {0};
    pool_run(NULL, 3, count_block, runs);
    assert_int_equal(runs[0] + runs[1] + runs[2], 3);
    assert_int_equal(runs[3], 0);
}

/* Thousands of tiny jobs: a worker that wakes late must not take blocks of the next job. */
static void rapid_jobs(void **state)
{
    (void)state;
    enum { JOBS = 3000, BLOCKS = 5 };
    pool *p = pool_new(4);
    for (int job = 0; job < JOBS; job++) {
        atomic_int runs[BLOCKS] = {0};
        pool_run(p, BLOCKS, count_block, runs);
        for (int i = 0; i < BLOCKS; i++)
            assert_int_equal(atomic_load(&runs[i]), 1);
    }
    pool_free(p);
}

enum { N = 10000, BLOCK = 64 };
typedef struct partial_sums {
    const float *x_N;
    float *sums;
} partial_sums;

static void sum_block(void *context, int block)
{
    partial_sums *s = context;
    float sum = 0;
    for (int i = block * BLOCK; i < N && i < (block + 1) * BLOCK; i++)
        sum += s->x_N[i];
    s->sums[block] = sum;
}

/* Float addition is not associative: only sums merged by block number give the same bits. */
static void thread_count_does_not_change_a_sum(void **state)
{
    (void)state;
    enum { BLOCKS = (N + BLOCK - 1) / BLOCK };
    static float x_N[N];
    for (int i = 0; i < N; i++)
        x_N[i] = (float)(i * 7919 % 10007) / 10007.0f - 0.5f;
    float first = 0;
    for (int threads = 1; threads <= 4; threads++) {
        float sums[BLOCKS], total = 0;
        pool *p = pool_new(threads);
        pool_run(p, BLOCKS, sum_block, &(partial_sums){x_N, sums});
        pool_free(p);
        for (int b = 0; b < BLOCKS; b++)
            total += sums[b];
        if (threads == 1)
            first = total;
        assert_memory_equal(&total, &first, sizeof total);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_runs_once),
        cmocka_unit_test(defaults),
        cmocka_unit_test(rapid_jobs),
        cmocka_unit_test(thread_count_does_not_change_a_sum),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
