/* Ctrl-C as a flag. A signal handler can reach nothing but a global, so this file holds the
 * program's only ones. */
#include "base/progress.h"
#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t requested;
static struct timespec requested_at;

/* A second Ctrl-C means it. But one request may arrive twice: timeout(1) signals its child and then
 * the child's whole group. So only a second one after a while ends the program. */
static void on_signal(int number)
{
    const double while_seconds = 0.5;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!requested) {
        requested_at = now;
        requested = 1;
        return;
    }
    double waited = (double)(now.tv_sec - requested_at.tv_sec) +
                    1e-9 * (double)(now.tv_nsec - requested_at.tv_nsec);
    if (number == SIGINT && waited > while_seconds) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT); /* delivered when this handler returns */
    }
}

void cancel_install(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file over the size limit is a failed write, with a message */
}

bool cancel_requested(void)
{
    return requested;
}

err_code cancel_check(err *e)
{
    return requested ? err_set(e, E_CANCELLED, "stopped on request") : OK;
}

void cancel_wait(double seconds)
{
    const double step = 0.05;
    for (double end = clock_seconds() + seconds; clock_seconds() < end && !cancel_requested();) {
        double left = end - clock_seconds();
        struct timespec pause = {0, (long)(1e9 * (left < step ? left : step))};
        if (pause.tv_nsec > 0)
            nanosleep(&pause, NULL);
    }
}
