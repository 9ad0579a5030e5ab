/* What a waiting person sees: a bar on a terminal, plain lines elsewhere; and Ctrl-C. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H
#include "base/err.h"
#include <stdbool.h>
#include <stdio.h>

typedef enum { REPORT_QUIET, REPORT_NORMAL, REPORT_VERBOSE } report_level;

/* Where messages go: the terminal and, once opened, the run's log file. */
typedef struct reporter {
    report_level level;
    bool terminal; /* stderr is a terminal: bars are redrawn in place */
    FILE *log;     /* may be NULL; owned by whoever opened it */
} reporter;

reporter reporter_new(report_level level);
/* A line of information ("collect: 512 prompts, 40,960 tokens"). */
void report_line(reporter *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_detail(reporter *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_warning(reporter *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One piece of long work of `total` steps. At most 10 redraws a second; off a terminal, a line
 * every tenth of the work, no more often than every two seconds. A NULL reporter shows nothing. */
typedef struct progress {
    reporter *to;
    const char *name;
    long total, done;
    double started, drawn;
    int tenth;
} progress;
progress progress_start(reporter *to, const char *name, long total);
/* `note` (may be NULL) stands at the bar's right: "loss 2.31". */
void progress_step(progress *p, long done, const char *note);
void progress_end(progress *p);

/* Seconds from a monotonic clock. For display and volatile/ only. */
double clock_seconds(void);

/* SIGINT, SIGTERM and SIGHUP set a flag (a second SIGINT, half a second
 * later or more, ends the program at once). */
void cancel_install(void);
bool cancel_requested(void);
/* E_CANCELLED when asked to stop, else OK: long loops return it upward. */
err_code cancel_check(err *e);
/* Sleeps, waking early after Ctrl-C. */
void cancel_wait(double seconds);

#endif
