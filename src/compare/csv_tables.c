/* Rows as cells with a comma behind each; the last becomes the line's end. */
#include "compare/csv_tables.h"
#include "base/arena.h"
#include "base/io.h"
#include "draw/csv.h"
#include "results/record_csv.h"
#include <string.h>

void csv_put_text(str *out, const char *text)
{
    csv_put_bytes(out, text, text ? strlen(text) : 0);
}

void csv_put_bytes(str *out, const char *bytes, size_t n)
{
    if (n)
        record_csv_text(out, bytes, n);
    csv_next(out);
}

void csv_put_number(str *out, double value)
{
    csv_number(out, value);
    csv_next(out);
}

void csv_put_flag(str *out, bool flag)
{
    str_add(out, flag ? "1" : "0");
    csv_next(out);
}

void csv_end_row(str *out)
{
    out->data[out->len - 1] = '\n';
}

static err_code write_table(const char *dir, const csv_table *t, const void *data, arena *a, err *e)
{
    str out = {0};
    for (size_t i = 0; i < t->n_columns; i++)
        str_addf(&out, "%s%s", i ? "," : "", t->columns[i].name);
    csv_end(&out);
    t->rows(&out, data);
    err_code rc = io_write(path_join(a, dir, t->path), out.data, out.len, e);
    str_release(&out);
    return rc;
}

static err_code write_readme(const char *dir, const csv_table *tables, size_t n, const char *about,
                             arena *a, err *e)
{
    str out = {0};
    str_add(&out, about);
    for (size_t i = 0; i < n; i++) {
        str_addf(&out, "\n## %s\n\n%s.\n\n| column | meaning |\n| --- | --- |\n",
                 strchr(tables[i].path, '/') + 1, tables[i].title);
        for (size_t k = 0; k < tables[i].n_columns; k++)
            str_addf(&out, "| `%s` | %s |\n", tables[i].columns[k].name, tables[i].columns[k].help);
    }
    err_code rc = io_write(path_join(a, dir, "data/README.md"), out.data, out.len, e);
    str_release(&out);
    return rc;
}

err_code csv_tables_write(const char *dir, const csv_table *tables, size_t n, const char *about,
                          const void *data, err *e)
{
    arena a = {0};
    err_code rc = io_make_dir(path_join(&a, dir, "data"), e);
    for (size_t i = 0; i < n && !rc; i++)
        rc = write_table(dir, &tables[i], data, &a, e);
    if (!rc)
        rc = write_readme(dir, tables, n, about, &a, e);
    arena_release(&a);
    return rc;
}
