/* Values as a page shows them. Texts come from the arena and are safe to hand to any escaper. */
#ifndef SITE_SHOW_H
#define SITE_SHOW_H
#include "base/arena.h"
#include "results/record.h"

/* Three significant digits, a true minus, powers of ten below 0.0001 and from ten million on; an en
 * dash for NaN. */
const char *show_number(arena *a, double value);
/* Thousands apart by a thin space. */
const char *show_count(arena *a, int64_t value);
/* 0.123 as "12.3%"; "0%" and "100%" are exact. */
const char *show_share(arena *a, double value);
/* 1.83 as "1.83×". */
const char *show_ratio(arena *a, double value);
/* What lies between -1 and 1, such as an F1 or a correlation: always three places, so that values
 * can be compared; larger ones as show_number. */
const char *show_score(arena *a, double value);
/* With so many places after the point. */
const char *show_fixed(arena *a, double value, int places);
/* How many places a row of values needs that are at most `largest` in size and `step` apart: three
 * significant digits of the one and two of the other; at most 6. */
int show_places(double largest, double step);
/* A headline figure by its unit and better direction (record_metric). */
const char *show_figure(arena *a, const char *unit, const char *better, double value);
/* The key of a headline figure in words. */
const char *show_metric(arena *a, const char *key);
/* Text given by models, data or users, on one line. */
const char *show_text(arena *a, const char *text);
const char *show_prose(arena *a, record_bytes text);
/* Likewise only bytes from..to-1 of it. */
const char *show_part(arena *a, record_bytes text, int from, int to);
/* A token on its own, every space visible, long ones cut with an ellipsis. */
const char *show_token(arena *a, record_bytes token);
/* Likewise in printable ASCII, for drawings; at most `limit` characters. */
const char *show_token_ascii(arena *a, record_bytes token, int limit);

/* How many tokens, from the first on, have to be shown together because only together they are
 * whole UTF-8 characters; 1 when no few of them are. n_tokens >= 1. */
int show_pieces(const record_bytes *tokens, int n_tokens);

/* Neighbouring tokens that only together are UTF-8, shown as one. */
typedef struct shown_token {
    const char *text;  /* in running text: single spaces stay spaces */
    double activation; /* that of its parts which is largest in size */
    int first, n;      /* tokens it is made of */
} shown_token;
/* Merges and shows the tokens of a context; *n of them, from `a`. Very long ones are cut. */
shown_token *show_context(int *n, arena *a, const record_context *c);

#endif
