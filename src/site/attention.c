/* What attention brings to a feature that reads at hook_z, as values of its page. */
#include "site/pages.h"
#include "site/show.h"
#include "site/tokens.h"
#include <stdlib.h>

enum { HEADS_SHOWN = 8 };

/* Below this share of the largest part, a part is shown as none: float32 leaves no more of it. */
static const double LEAST_SHARE = 1e-3;

static double sum_of(const record_attention *x)
{
    double sum = x->elsewhere;
    for (int i = 0; i < x->n_parts; i++)
        sum += x->parts[i];
    return sum;
}

static double largest_part(const record_effects *x)
{
    double most = 0;
    for (int i = 0; i < x->n_attention; i++)
        for (int k = 0; k < x->attention[i].n_parts; k++)
            most = fmax(most, fabs(x->attention[i].parts[k]));
    return most;
}

static const char *show_part_of(arena *a, double part, double most)
{
    return show_number(a, fabs(part) < LEAST_SHARE * most ? 0 : part);
}

/* ---- heads -------------------------------------------------------------------------------------
 */

/* As TransformerLens labels them. */
static const char *head_name(page *p, int head)
{
    return arena_printf(&p->memory, "L%dH%d", p->site->r->run.sae.layer, head);
}

/* A head over all contexts. */
typedef struct head_row {
    int head;
    double sum, least, most;
} head_row;

/* What brings more first, by its size, then lower heads. */
static int by_size(const void *left, const void *right)
{
    const head_row *a = left, *b = right;
    double x = fabs(a->sum), y = fabs(b->sum);
    return x > y ? -1 : x < y ? 1 : a->head - b->head;
}

/* The contexts have the same heads: the SAE's. */
static head_row *ranked_heads(arena *a, const record_effects *x)
{
    int n = x->attention[0].n_heads;
    head_row *rows = arena_push(a, (size_t)n + 1, sizeof *rows);
    for (int h = 0; h < n; h++) {
        rows[h] = (head_row){x->attention[0].heads[h].head, 0, HUGE_VAL, -HUGE_VAL};
        for (int i = 0; i < x->n_attention; i++) {
            double part = x->attention[i].heads[h].part;
            rows[h].sum += part;
            rows[h].least = fmin(rows[h].least, part);
            rows[h].most = fmax(rows[h].most, part);
        }
    }
    qsort(rows, (size_t)n, sizeof *rows, by_size);
    return rows;
}

static void put_heads(cJSON *object, page *p, const record_effects *x)
{
    arena *a = &p->memory;
    int n = x->attention[0].n_heads;
    const head_row *heads = ranked_heads(a, x);
    cJSON *rows = json_add_array(object, "heads");
    double scale = 0, rest = 0;
    for (int h = 0; h < n; h++)
        scale = fmax(scale, fmax(fabs(heads[h].least), fabs(heads[h].most)));
    for (int h = 0; h < n && h < HEADS_SHOWN; h++) {
        cJSON *row = put_entry(rows);
        json_add_string(row, "head", head_name(p, heads[h].head));
        json_add_string(row, "mean", show_part_of(a, heads[h].sum / x->n_attention, scale));
        json_add_string(row, "least", show_part_of(a, heads[h].least, scale));
        json_add_string(row, "most", show_part_of(a, heads[h].most, scale));
    }
    for (int h = HEADS_SHOWN; h < n; h++)
        rest += heads[h].sum;
    json_add_bool(object, "many_heads", n > 1);
    json_add_string(object, "only_head", n == 1 ? head_name(p, heads[0].head) : "");
    json_add_bool(object, "has_rest", n > HEADS_SHOWN);
    json_add_string(object, "n_rest", show_count(a, n - HEADS_SHOWN));
    json_add_string(object, "rest", show_part_of(a, rest / x->n_attention, scale));
}

/* ---- all ---------------------------------------------------------------------------------------
 */

/* Means over the contexts, which the section begins with. */
static void put_means(cJSON *object, page *p, const record_target *t)
{
    const record_effects *x = &t->effects;
    arena *a = &p->memory;
    double n = x->n_attention, sum = 0, own = 0;
    for (int i = 0; i < x->n_attention; i++) {
        sum += sum_of(&x->attention[i]);
        own += x->attention[i].parts[t->top[x->attention[i].context].peak];
    }
    json_add_string(object, "mean", show_number(a, sum / n));
    json_add_string(object, "own", show_part_of(a, own / n, sum / n));
    json_add_string(object, "earlier", show_part_of(a, (sum - own) / n, sum / n));
}

void put_attention(page *p, const record_target *t)
{
    const record_effects *x = &t->effects;
    arena *a = &p->memory;
    if (!x->n_attention) {
        json_add_bool(p->tree, "attention", false);
        return;
    }
    cJSON *object = json_add_object(p->tree, "attention"), *rows = json_add_array(object, "rows");
    double most = largest_part(x);
    for (int i = 0; i < x->n_attention; i++) {
        const record_attention *from = &x->attention[i];
        const record_context *c = &t->top[from->context];
        cJSON *row = put_entry(rows);
        json_add_string(row, "sum", show_number(a, sum_of(from)));
        json_add_string(row, "tokens", part_mark(p, c, from->parts, most));
        json_add_string(row, "elsewhere", c->start ? show_part_of(a, from->elsewhere, most) : "–");
        json_add_string(row, "place", arena_printf(a, "%d:%d", c->prompt, c->start + c->peak));
    }
    put_means(object, p, t);
    put_heads(object, p, x);
    put_text(object, "read", a, p->site->r->run.sae.hook);
    json_add_string(object, "n", show_count(a, x->n_attention));
    json_add_string(object, "largest", show_number(a, most));
}
