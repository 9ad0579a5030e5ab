/* Training curves as CSV. The table stays in memory and travels in the checkpoints, so that a
 * resumed run writes the same file as one that was never stopped. */
#include "train/curves.h"
#include "base/arena.h"
#include "base/io.h"

void curve_header(str *csv, const char *columns)
{
    str_addf(csv, "%s\n", columns);
}

void curve_row(str *csv, const double *values, int n)
{
    char text[NUMBER_TEXT];
    for (int i = 0; i < n; i++)
        str_addf(csv, "%s%s", i ? "," : "", number_text(text, values[i]));
    str_add_char(csv, '\n');
}

err_code curve_write(const str *csv, const char *dir, const char *name, err *e)
{
    arena paths = {0};
    err_code rc = io_write(path_join(&paths, dir, name), str_text(csv), csv->len, e);
    arena_release(&paths);
    return rc;
}
