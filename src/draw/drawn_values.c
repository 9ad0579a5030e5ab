/* Rows of the table of drawn values. */
#include "draw/drawn_values.h"
#include "draw/csv.h"

void drawn_values_header(str *out)
{
    str_add(out, "figure,panel,series,label,x,x_to,y,low,high,n,note\n");
}

void drawn_values_add(const drawn_values *to, const drawn_mark *mark)
{
    const char *const texts[] = {to->figure, to->panel, mark->series, mark->label};
    const double numbers[] = {mark->x, mark->x_to, mark->y, mark->low, mark->high};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        csv_text(to->out, texts[i]);
        csv_next(to->out);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        csv_number(to->out, numbers[i]);
        csv_next(to->out);
    }
    if (mark->n)
        str_addf(to->out, "%lld", (long long)mark->n);
    csv_next(to->out);
    csv_text(to->out, mark->note);
    csv_end(to->out);
}

void drawn_values_point(const drawn_values *to, const char *series, const char *label, double x,
                        double y)
{
    drawn_mark mark = NO_MARK;
    mark.series = series;
    mark.label = label;
    mark.x = x;
    mark.y = y;
    drawn_values_add(to, &mark);
}
