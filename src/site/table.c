/* GFM pipe tables to HTML. */
#include "site/table.h"
#include <string.h>

enum { MAX_COLUMNS = 24 };

typedef struct cell {
    const char *text;
    size_t n;
} cell;

/* Splits "| a | b |" at pipes that have no backslash. Returns the number of cells. */
static int split_row(cell cells[MAX_COLUMNS], const char *line, const char *end)
{
    int n = 0;
    const char *start = line + 1;
    for (const char *p = start; p < end && n < MAX_COLUMNS; p++) {
        if (*p == '\\') {
            p++;
        } else if (*p == '|') {
            const char *left = start, *right = p;
            while (left < right && *left == ' ')
                left++;
            while (right > left && right[-1] == ' ')
                right--;
            cells[n++] = (cell){left, (size_t)(right - left)};
            start = p + 1;
        }
    }
    return n;
}

static err_code put_row(str *html, const cell *cells, int n, const bool *numeric, bool header,
                        const block_list *blocks, err *e)
{
    err_code rc = OK;
    str_add(html, "<tr>");
    for (int i = 0; i < n && !rc; i++) {
        bool head = header || i == 0;
        str_addf(html, "<%s%s%s>", head ? "th scope=" : "td",
                 head ? header ? "\"col\"" : "\"row\"" : "", numeric[i] ? " class=\"num\"" : "");
        rc = document_inline(html, cells[i].text, cells[i].n, blocks, e);
        str_add(html, head ? "</th>" : "</td>");
    }
    str_add(html, "</tr>\n");
    return rc;
}

/* A table of names and values has no column headers; GFM wants the line all the same. */
static bool is_empty(const cell *cells, int n)
{
    for (int i = 0; i < n; i++)
        if (cells[i].n)
            return false;
    return true;
}

static err_code put_rows(str *html, const char *rows, const block_list *blocks, err *e)
{
    cell cells[MAX_COLUMNS];
    bool numeric[MAX_COLUMNS] = {false};
    const char *second = strchr(rows, '\n') + 1;
    int columns = split_row(cells, second, second + strcspn(second, "\n"));
    for (int i = 0; i < columns; i++)
        numeric[i] = cells[i].n && cells[i].text[cells[i].n - 1] == ':';
    err_code rc = OK;
    int row = 0;
    for (const char *line = rows; *line && !rc; row++) {
        const char *end = line + strcspn(line, "\n");
        if (split_row(cells, line, end) != columns)
            return err_set(e, E_FORMAT, "row %d of a table has not %d cells", row + 1, columns);
        if (row == 0 && !is_empty(cells, columns)) {
            str_add(html, "<thead>\n");
            rc = put_row(html, cells, columns, numeric, true, blocks, e);
            str_add(html, "</thead>\n");
        }
        if (row == 1)
            str_add(html, "<tbody>\n");
        if (row > 1)
            rc = put_row(html, cells, columns, numeric, false, blocks, e);
        line = *end ? end + 1 : end;
    }
    str_add(html, "</tbody>\n");
    return rc;
}

err_code table_html(str *html, const char *rows, const char *caption, int number,
                    const block_list *blocks, err *e)
{
    const char *second = strchr(rows, '\n');
    if (!second || second[1] != '|')
        return err_set(e, E_FORMAT, "a table without its row of dashes");
    err_code rc = OK;
    if (*caption) {
        str_addf(html,
                 "<div class=\"table\" role=\"region\" tabindex=\"0\" "
                 "aria-labelledby=\"table-%d\">\n<table>\n<caption id=\"table-%d\">",
                 number, number);
        rc = document_inline(html, caption, strlen(caption), blocks, e);
        str_add(html, "</caption>\n");
    } else {
        str_add(html, "<div class=\"table\">\n<table>\n");
    }
    if (!rc)
        rc = put_rows(html, rows, blocks, e);
    str_add(html, "</table>\n</div>\n");
    return rc;
}
