/* What each version of the files added and left out. A member that is not here is in all files
 * since RECORD_OLDEST. One that is left out must follow from the others, and is made by
 * record_read; one that goes away altogether, or changes its meaning, raises RECORD_OLDEST. */
#include "results/record.h"
#include "results/schema.h"
#include <string.h>

static const struct {
    const schema *of;
    const char *member;
    int since;
} added[] = {
    {&SCHEMA_EFFECTS, "traces", 5},         {&SCHEMA_EFFECTS, "neurons", 5},
    {&SCHEMA_EFFECTS, "attention", 6},      {&SCHEMA_RUN, "commit", 5},
    {&SCHEMA_RUN, "modified", 5},           {&SCHEMA_TARGET, "decoder", 6},
    {&SCHEMA_MODEL, "tokenizer_sha256", 5},
};

static const struct {
    const schema *of;
    const char *member;
    int last;
} left_out[] = {
    {&SCHEMA_FEATURE, "mean", 6},
};

bool schema_holds(const schema *s, const field *f, int version)
{
    for (size_t i = 0; i < sizeof added / sizeof *added; i++)
        if (added[i].of == s && !strcmp(added[i].member, f->name))
            return version >= added[i].since;
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (left_out[i].of == s && !strcmp(left_out[i].member, f->name))
            return version <= left_out[i].last;
    return true;
}
