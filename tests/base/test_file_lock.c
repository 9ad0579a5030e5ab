/* One holder at a time, whoever ends how. */
#include "test.h"

#include "base/file_lock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/progress.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], path[80];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/saeinv-lock.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/the.lock", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    err e;
    return io_remove_tree(folder, &e);
}

static void one_at_a_time(void **state)
{
    (void)state;
    err e;
    file_lock a, b;
    assert_int_equal(file_lock_try(&a, path, &e), OK);
    assert_true(a.held);
    assert_int_equal(file_lock_try(&b, path, &e), OK);
    assert_false(b.held);
    file_lock_release(&b); /* does nothing */
    file_lock_release(&a);
    assert_false(a.held);
    assert_true(io_exists(path));
    assert_int_equal(file_lock_try(&b, path, &e), OK);
    assert_true(b.held);
    file_lock_remove(&b);
    assert_false(io_exists(path));
    file_lock_remove(&b);
}

/* ---- the waiting --------------------------------------------------------------------------------
 */

enum { WORKERS = 4, ROUNDS = 200 };

typedef struct worker {
    int *inside, *done;
    err_code rc;
    bool alone;
} worker;

static void *work(void *given)
{
    worker *w = given;
    err e;
    file_lock l;
    for (int i = 0; i < ROUNDS && !w->rc; i++) {
        while (!(w->rc = file_lock_try(&l, path, &e)) && !l.held)
            sched_yield();
        w->alone &= __atomic_add_fetch(w->inside, 1, __ATOMIC_SEQ_CST) == 1;
        ++*w->done; /* the lock alone keeps this sum right */
        w->alone &= __atomic_sub_fetch(w->inside, 1, __ATOMIC_SEQ_CST) == 0;
        (i % 3 ? file_lock_remove : file_lock_release)(&l);
    }
    return NULL;
}

/* Removing the file under those who have it open lets nobody in beside the holder. */
static void removing_keeps_others_out(void **state)
{
    (void)state;
    int inside = 0, done = 0;
    pthread_t threads[WORKERS];
    worker workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.inside = &inside, .done = &done, .alone = true};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].rc, OK);
        assert_true(workers[i].alone);
    }
    assert_int_equal(done, WORKERS * ROUNDS);
}

/* A child takes the lock, says so and stays. */
static pid_t start_holder(void)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        err e;
        file_lock l;
        if (file_lock_try(&l, path, &e) || !l.held || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void killed(pid_t child)
{
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_killed_holder_leaves_nothing_held(void **state)
{
    (void)state;
    err e;
    file_lock l;
    pid_t holder = start_holder();
    assert_int_equal(file_lock_try(&l, path, &e), OK);
    assert_false(l.held);
    killed(holder);
    assert_true(io_exists(path));
    assert_int_equal(file_lock_wait(&l, path, &e), OK);
    assert_true(l.held);
    file_lock_remove(&l);
}

/* Exits with 0 when Ctrl-C ended the wait. */
static void wait_for_ever(void)
{
    err e;
    file_lock l;
    cancel_install();
    _exit(file_lock_wait(&l, path, &e) == E_CANCELLED && !l.held ? 0 : 1);
}

static void ctrl_c_ends_the_wait(void **state)
{
    (void)state;
    int status;
    pid_t holder = start_holder(), waiting = fork();
    if (waiting == 0)
        wait_for_ever();
    usleep(200000);
    double asked = clock_seconds();
    kill(waiting, SIGINT);
    assert_int_equal(waitpid(waiting, &status, 0), waiting);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(clock_seconds() - asked < 1);
    killed(holder);
}

/* ---- where there are no locks -------------------------------------------------------------------
 */

static void no_folder_no_link(void **state)
{
    (void)state;
    err e;
    file_lock l;
    char other[128];
    snprintf(other, sizeof other, "%s/none/a.lock", folder);
    assert_int_equal(file_lock_try(&l, other, &e), E_IO);
    assert_non_null(strstr(e.text, "none/a.lock: cannot create the lock: No such file"));
    snprintf(other, sizeof other, "%s/link", folder);
    assert_int_equal(symlink("/tmp", other), 0);
    assert_int_equal(file_lock_try(&l, other, &e), E_IO);
    assert_false(l.held);
}

/* As on a file system that has none: flock() answers ENOLCK. Exits with 0 when that was told. */
static void without_locks(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_flock, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {COUNT_OF(code), code};
    err e;
    file_lock l;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        _exit(77);
    err_code tried = file_lock_try(&l, path, &e);
    bool told = strstr(e.text, "the.lock: cannot lock: No locks available");
    err_code waited = file_lock_wait(&l, path, &e);
    _exit(tried == E_IO && told && waited == E_IO && !l.held ? 0 : 1);
}

static void a_file_system_without_locks(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0)
        without_locks();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip(); /* a system call can be refused only where the kernel lets us */
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(removing_keeps_others_out),
        cmocka_unit_test(a_killed_holder_leaves_nothing_held),
        cmocka_unit_test(ctrl_c_ends_the_wait),
        cmocka_unit_test(no_folder_no_link),
        cmocka_unit_test(a_file_system_without_locks),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
