/* Insertion into two short lists. */
#include "effects/token_ends.h"

/* sign 1: falling values; -1: rising. Ids ascend, so an equal one stays behind. */
static int insert(ranked_token *list, int n, int most, ranked_token t, int sign)
{
    int at = n;
    while (at > 0 && sign * t.value > sign * list[at - 1].value)
        at--;
    if (at == most)
        return n;
    for (int i = n < most ? n : most - 1; i > at; i--)
        list[i] = list[i - 1];
    list[at] = t;
    return n < most ? n + 1 : n;
}

token_ends find_token_ends(const int32_t *ids_n, const double *values_n, int n)
{
    token_ends out = {0};
    int most = n / 2 < END_TOKENS ? n / 2 : END_TOKENS, low = 0;
    for (int i = 0; i < n && most; i++) {
        ranked_token t = {ids_n[i], values_n[i]};
        out.n = insert(out.highest, out.n, most, t, 1);
        low = insert(out.lowest, low, most, t, -1);
    }
    return out;
}
