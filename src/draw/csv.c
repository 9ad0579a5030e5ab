/* CSV fields. */
#include "draw/csv.h"
#include <string.h>

void csv_text(str *out, const char *text)
{
    if (!text)
        return;
    if (!strpbrk(text, ",\"\r\n")) {
        str_add(out, text);
        return;
    }
    str_add_char(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            str_add_char(out, '"');
        str_add_char(out, *text);
    }
    str_add_char(out, '"');
}

void csv_number(str *out, double value)
{
    char buf[NUMBER_TEXT];
    str_add(out, number_text(buf, value));
}

void csv_next(str *out)
{
    str_add_char(out, ',');
}

void csv_end(str *out)
{
    str_add_char(out, '\n');
}
