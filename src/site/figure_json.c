/* The JSON twin of a figure. */
#include "site/figure_json.h"
#include "base/io.h"
#include "base/json.h"
#include "results/record.h"
#include <stdlib.h>
#include <string.h>

static const size_t LIMIT = (size_t)256 << 20;

/* Reads the cell at `at` (RFC 4180) into `cell`; returns what follows it. */
static const char *read_cell(str *cell, const char *at)
{
    str_clear(cell);
    if (*at != '"') {
        size_t n = strcspn(at, ",\n");
        str_add_bytes(cell, at, n);
        return at + n;
    }
    for (at++; *at && !(*at == '"' && at[1] != '"'); at++) {
        at += *at == '"';
        str_add_char(cell, *at);
    }
    return *at ? at + 1 : at;
}

static cJSON *cell_value(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (!*text)
        return cJSON_CreateNull();
    bool number = !*end && strspn(text, "+-.0123456789eE") == strlen(text);
    return number ? json_number(value) : cJSON_CreateString(text);
}

static void add(cJSON *list, cJSON *item)
{
    if (!item || !cJSON_AddItemToArray(list, item))
        err_die("out of memory writing a figure's values");
}

static void add_rows(cJSON *object, const char *csv)
{
    str cell = {0};
    cJSON *columns = json_add_array(object, "columns"), *rows = json_add_array(object, "rows");
    for (cJSON *row = columns; *csv;) {
        csv = read_cell(&cell, csv);
        add(row,
            row == columns ? cJSON_CreateString(str_text(&cell)) : cell_value(str_text(&cell)));
        if (*csv == '\n' && csv[1])
            add(rows, row = cJSON_CreateArray());
        csv += *csv != '\0';
    }
    str_release(&cell);
}

err_code figure_json_write(const char *dir, const char *stem, err *e)
{
    arena a = {0};
    str csv = {0}, description = {0};
    err_code rc = io_read(&csv, path_join(&a, dir, arena_printf(&a, "%s.csv", stem)), LIMIT, e);
    if (!rc)
        rc = io_read(&description, path_join(&a, dir, arena_printf(&a, "%s.txt", stem)), LIMIT, e);
    if (!rc) {
        cJSON *object = cJSON_CreateObject();
        if (description.len && description.data[description.len - 1] == '\n')
            description.data[description.len - 1] = '\0';
        json_add_number(object, "schema", RECORD_SCHEMA);
        json_add_string(object, "description", str_text(&description));
        add_rows(object, str_text(&csv));
        rc = json_write(path_join(&a, dir, arena_printf(&a, "%s.json", stem)), object, e);
        cJSON_Delete(object);
    }
    str_release(&csv);
    str_release(&description);
    arena_release(&a);
    return rc;
}
