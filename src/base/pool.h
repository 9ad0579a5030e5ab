/* The only place that makes threads. Work is cut into blocks by size, never by thread count, and a
 * block writes only its own slice, so results do not depend on how many threads there are. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

typedef struct pool pool;
typedef void pool_task(void *context, int block);
typedef void pool_span(void *context, int first, int end);

/* n_threads <= 0: one per available processor. Never NULL. Owner: caller, pool_free(). */
pool *pool_new(int n_threads);
void pool_free(pool *p);
int pool_threads(const pool *p);
/* Calls task(context, 0 .. n_blocks-1), in any order, possibly at once; returns when all are done.
 * Called from one thread at a time and not from inside a task. A NULL pool runs them in order. */
void pool_run(pool *p, int n_blocks, pool_task *task, void *context);
/* Shares 0 .. n-1 out in spans of `size`, the last one shorter: pool_run() of first .. end-1. */
void pool_share(pool *p, int n, int size, pool_span *task, void *context);

#endif
