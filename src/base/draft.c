/* When a state is kept: keeping it takes at most a small share of the time. */
#include "base/draft.h"
#include "base/progress.h"

static const double MOST_SHARE = 0.02; /* of the time, where the state is so large that it counts */

bool draft_is_due(draft *d, err_code code)
{
    if (!d || !d->keep || (code && code != E_CANCELLED))
        return false;
    double now = clock_seconds();
    if (d->kept_at == 0)
        d->kept_at = now;
    return code == E_CANCELLED || now - d->kept_at >= d->every;
}

str *draft_room(draft *d)
{
    str_clear(&d->state);
    return &d->state;
}

err_code draft_keep(draft *d, err_code code, err *e)
{
    double began = clock_seconds();
    err failure = {0};
    err_code rc = d->keep(d, &failure);
    d->kept_at = clock_seconds();
    double seconds = (d->kept_at - began) / MOST_SHARE;
    if (d->every > 0 && d->every < seconds)
        d->every = seconds;
    if (!rc)
        return code;
    *e = failure;
    return rc;
}

bool draft_found(const draft *d)
{
    return d && d->state.len > 0;
}

err_code draft_accept(const draft *d, const packed_reader *r, bool fits, const char *of, err *e)
{
    if (fits && !r->short_read && r->left == 0)
        return OK;
    return err_set(e, E_FORMAT, "%s: not the state of %s; remove it", d->name, of);
}
