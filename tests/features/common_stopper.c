/* Keeping is E_CANCELLED in the end, as Ctrl-C would be. */
#include "features/common_stopper.h"
#include "base/memory.h"

static err_code keep(draft *d, err *e)
{
    stopper *s = (stopper *)d;
    str_clear(&s->kept);
    str_add_bytes(&s->kept, d->state.data, d->state.len);
    return --s->left > 0 ? OK : err_set(e, E_CANCELLED, "stopped");
}

stopper *stopper_new(const str *state, int times)
{
    stopper *s = mem_small(1, sizeof *s);
    *s = (stopper){.draft = {.name = "the-draft", .keep = keep}, .left = times};
    if (state)
        str_add_bytes(&s->draft.state, str_text(state), state->len);
    return s;
}

void stopper_release(stopper *s)
{
    str_release(&s->draft.state);
    str_release(&s->kept);
    mem_free(s);
}
