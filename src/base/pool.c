/* A fixed set of threads that take block numbers from a shared counter. */
#include "base/pool.h"
#include "base/memory.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

struct pool {
    int n_workers; /* threads beside the caller */
    pthread_t *workers;
    pthread_mutex_t lock;
    pthread_cond_t start, finished;
    unsigned long job; /* counts pool_run calls; workers wait for it to change */
    int busy;
    bool stopping;
    pool_task *task;
    void *context;
    int n_blocks;
    atomic_int next;
};

static void take_blocks(pool *p)
{
    int block;
    while ((block = atomic_fetch_add(&p->next, 1)) < p->n_blocks)
        p->task(p->context, block);
}

static void *work(void *argument)
{
    pool *p = argument;
    unsigned long seen = 0;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->job == seen && !p->stopping)
            pthread_cond_wait(&p->start, &p->lock);
        if (p->stopping)
            break;
        seen = p->job;
        pthread_mutex_unlock(&p->lock);
        take_blocks(p);
        pthread_mutex_lock(&p->lock);
        if (--p->busy == 0)
            pthread_cond_signal(&p->finished);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

pool *pool_new(int n_threads)
{
    if (n_threads <= 0)
        n_threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (n_threads < 1)
        n_threads = 1;
    pool *p = mem_small(1, sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->start, NULL);
    pthread_cond_init(&p->finished, NULL);
    p->workers = mem_small((size_t)n_threads, sizeof *p->workers);
    /* A thread that cannot be made is a slower run, not a wrong one: go on with those there are. */
    while (p->n_workers < n_threads - 1 &&
           pthread_create(&p->workers[p->n_workers], NULL, work, p) == 0)
        p->n_workers++;
    return p;
}

void pool_free(pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->start);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_workers; i++)
        pthread_join(p->workers[i], NULL);
    pthread_cond_destroy(&p->finished);
    pthread_cond_destroy(&p->start);
    pthread_mutex_destroy(&p->lock);
    mem_free(p->workers);
    mem_free(p);
}

int pool_threads(const pool *p)
{
    return p ? p->n_workers + 1 : 1;
}

void pool_run(pool *p, int n_blocks, pool_task *task, void *context)
{
    if (!p || p->n_workers == 0 || n_blocks <= 1) {
        for (int block = 0; block < n_blocks; block++)
            task(context, block);
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->task = task;
    p->context = context;
    p->n_blocks = n_blocks;
    atomic_store(&p->next, 0);
    p->busy = p->n_workers;
    p->job++;
    pthread_cond_broadcast(&p->start);
    pthread_mutex_unlock(&p->lock);

    take_blocks(p);

    pthread_mutex_lock(&p->lock);
    while (p->busy)
        pthread_cond_wait(&p->finished, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

typedef struct sharing {
    pool_span *task;
    void *context;
    int n, size;
} sharing;

static void run_span(void *context, int block)
{
    const sharing *s = context;
    int first = block * s->size;
    s->task(s->context, first, s->n - first < s->size ? s->n : first + s->size);
}

void pool_share(pool *p, int n, int size, pool_span *task, void *context)
{
    sharing s = {task, context, n, size};
    pool_run(p, n > 0 ? (n - 1) / size + 1 : 0, run_span, &s);
}
