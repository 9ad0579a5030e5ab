/* Progress on stderr: a bar that redraws itself on a terminal, a line per tenth elsewhere. */
#include "base/progress.h"
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 24 };

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

reporter reporter_new(report_level level)
{
    return (reporter){.level = level, .terminal = isatty(STDERR_FILENO)};
}

__attribute__((format(printf, 4, 0))) static void say(reporter *r, bool visible, const char *prefix,
                                                      const char *format, va_list args)
{
    if (!r)
        return;
    va_list again;
    va_copy(again, args);
    if (visible) {
        if (r->terminal)
            fputs("\r\033[K", stderr); /* a half-drawn bar may stand on this line */
        fputs(prefix, stderr);
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
    }
    if (r->log) {
        fputs(prefix, r->log);
        vfprintf(r->log, format, again);
        fputc('\n', r->log);
    }
    va_end(again);
}

void report_line(reporter *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(r, r && r->level >= REPORT_NORMAL, "", format, args);
    va_end(args);
}

void report_detail(reporter *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(r, r && r->level >= REPORT_VERBOSE, "", format, args);
    va_end(args);
}

void report_warning(reporter *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(r, true, "warning: ", format, args);
    va_end(args);
}

progress progress_start(reporter *to, const char *name, long total)
{
    double now = clock_seconds();
    return (progress){.to = to, .name = name, .total = total > 0 ? total : 1, .started = now};
}

static void draw_bar(const progress *p, double elapsed, const char *note)
{
    char bar[BAR_WIDTH + 1];
    double share = (double)p->done / (double)p->total;
    int filled = (int)(share * BAR_WIDTH);
    memset(bar, '-', BAR_WIDTH);
    memset(bar, '#', (size_t)(filled < 0 ? 0 : filled > BAR_WIDTH ? BAR_WIDTH : filled));
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r\033[K%-10s [%s] %3.0f%%", p->name, bar, 100 * share);
    if (p->done > 0 && p->done < p->total && elapsed > 1)
        fprintf(stderr, "  %.0f s left", elapsed * (1 / share - 1));
    if (note)
        fprintf(stderr, "  %s", note);
    fflush(stderr);
}

void progress_step(progress *p, long done, const char *note)
{
    p->done = done < p->total ? done : p->total;
    if (!p->to || p->to->level < REPORT_NORMAL)
        return;
    double now = clock_seconds();
    if (p->to->terminal) {
        if (now - p->drawn < 0.1 && p->done < p->total)
            return;
        draw_bar(p, now - p->started, note);
        p->drawn = now;
        return;
    }
    int tenth = (int)(10.0 * (double)p->done / (double)p->total);
    if (tenth <= p->tenth || now - (p->drawn > 0 ? p->drawn : p->started) < 2)
        return;
    fprintf(stderr, "%s: %ld of %ld (%d%%)%s%s\n", p->name, p->done, p->total, 10 * tenth,
            note ? ", " : "", note ? note : "");
    p->tenth = tenth;
    p->drawn = now;
}

void progress_end(progress *p)
{
    if (p->to && p->to->terminal && p->to->level >= REPORT_NORMAL)
        fputs("\r\033[K", stderr);
}
