/* Ctrl-C as a flag. A signal handler can reach nothing but a global, so this file holds the
 * program's only one. */
#include "base/progress.h"
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t requested;

static void on_signal(int number)
{
    requested = 1;
    if (number == SIGINT)
        signal(SIGINT, SIG_DFL); /* a second Ctrl-C means it */
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
