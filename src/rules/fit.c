/* From clauses to the rule: the path of longer and longer unions, and the choice among them. */
#include "rules/fit.h"
#include "base/memory.h"
#include "rules/bits.h"
#include "rules/seek.h"
#include "rules/tidy.h"
#include <string.h>

rule_fit_options rule_fit_defaults(void)
{
    return (rule_fit_options){
        .mass = 0.9, .beam = 5, .most_tokens = 64, .predicate_price = 0.02, .token_price = 0.001};
}

typedef struct fitter {
    rule_search search;
    const rule_text *t;
    const rule_fit_options *o;
    uint64_t *active[2]; /* at the level, of the fit and the choose part */
    int64_t n_active[2];
    uint64_t *covered; /* of the fit part */
    uint64_t *fires;   /* of the choose part */
} fitter;

/* A rule and what it is worth on the choose part. */
typedef struct judged {
    rule rule;
    double value;
} judged;

static void mark_active(uint64_t *bits, const rule_text *t, const rule_target *target,
                        rule_part part)
{
    for (size_t i = target->first[part]; i < target->first[part + 1]; i++)
        if (target->firings[i].value >= target->level)
            bits_set(bits, target->firings[i].at - t->first[part]);
}

/* F1 on the choose part less the rule's price; without a clause 0. */
static judged judge(fitter *f, const rule *r)
{
    if (!r->n_clauses)
        return (judged){*r, 0};
    size_t words = rule_bit_words(f->t, RULE_CHOOSE);
    rule_bits(f->fires, f->t, RULE_CHOOSE, r);
    double tp = (double)bits_count_both(f->fires, f->active[RULE_CHOOSE], words);
    double fired = (double)bits_count(f->fires, words);
    double f1 = 2 * tp / (fired + (double)f->n_active[RULE_CHOOSE]);
    return (judged){*r, f1 - f->o->predicate_price * rule_n_predicates(r) -
                            f->o->token_price * rule_sets_length(r)};
}

/* ---- longer ------------------------------------------------------------------------------------
 */

/* The best of the clauses that may follow `from`, as rules of one clause more; `out` in the order
 * of length. Returns how many. */
static int lengthen(judged out[RULE_MOST_PREDICATES], fitter *f, const rule *from)
{
    rule_search *s = &f->search;
    size_t n = rule_part_size(f->t, RULE_FIT);
    rule_bits(f->covered, f->t, RULE_FIT, from);
    s->tp = bits_count_both(f->covered, s->active, s->words);
    s->fp = bits_count(f->covered, s->words) - s->tp;
    if (s->tp == s->n_active)
        return 0;
    for (size_t w = 0; w < s->words; w++)
        f->covered[w] = ~f->covered[w];
    if (n % 64)
        f->covered[n / 64] &= ~(uint64_t)0 >> (64 - n % 64);
    s->open = f->covered;
    rule_found found;
    rule_seek(&found, s);
    int made = 0;
    for (int i = 0; i < RULE_MOST_PREDICATES; i++) {
        if (!found.any[i])
            continue;
        rule longer = *from;
        longer.clauses[longer.n_clauses++] = found.clauses[i];
        out[made++] = judge(f, &longer);
    }
    return made;
}

static void keep_better(judged *best, const judged *other)
{
    if (other->value > best->value)
        *best = *other;
}

static judged best_of(const judged *all, int n)
{
    judged best = all[0];
    for (int i = 1; i < n; i++)
        keep_better(&best, &all[i]);
    return best;
}

/* ---- shorter -----------------------------------------------------------------------------------
 */

/* Every rule that is one step shorter: a predicate less, or a set cut at a power of two. */
static bool shorten_once(judged *best, fitter *f)
{
    judged start = *best;
    for (int c = 0; c < start.rule.n_clauses; c++)
        for (int p = 0; p < start.rule.clauses[c].n; p++) {
            judged shorter = start;
            rule_drop_predicate(&shorter.rule, c, p);
            shorter = judge(f, &shorter.rule);
            keep_better(best, &shorter);
            for (int n = 1; n < start.rule.clauses[c].predicates[p].n_tokens; n *= 2) {
                shorter = start;
                shorter.rule.clauses[c].predicates[p].n_tokens = n;
                shorter = judge(f, &shorter.rule);
                keep_better(best, &shorter);
            }
        }
    return best->value > start.value;
}

/* ---- whole -------------------------------------------------------------------------------------
 */

static void copy_tokens(rule *r, arena *a)
{
    for (int c = 0; c < r->n_clauses; c++)
        for (int p = 0; p < r->clauses[c].n; p++) {
            rule_predicate *predicate = &r->clauses[c].predicates[p];
            int32_t *tokens = arena_push(a, (size_t)predicate->n_tokens, sizeof *tokens);
            if (predicate->n_tokens)
                memcpy(tokens, predicate->tokens, (size_t)predicate->n_tokens * sizeof *tokens);
            predicate->tokens = tokens;
        }
}

/* The two best first clauses go on; each takes the best next clause as long as that pays. */
static judged seek_rule(fitter *f)
{
    rule none = {.n_clauses = 0};
    judged best = judge(f, &none), starts[RULE_MOST_PREDICATES];
    int n = lengthen(starts, f, &none);
    for (int taken = 0; taken < 2 && taken < n; taken++) {
        for (int i = taken + 1; i < n; i++) /* the best of the rest, the shorter of equals */
            if (starts[i].value > starts[taken].value) {
                judged other = starts[i];
                starts[i] = starts[taken];
                starts[taken] = other;
            }
        judged now = starts[taken];
        keep_better(&best, &now);
        while (now.rule.n_clauses < RULE_MOST_CLAUSES) {
            judged longer[RULE_MOST_PREDICATES];
            int n_longer = lengthen(longer, f, &now.rule);
            if (!n_longer)
                break;
            judged next = best_of(longer, n_longer);
            if (next.value <= now.value)
                break;
            now = next;
            keep_better(&best, &now);
        }
    }
    return best;
}

void rule_fit(rule *out, const rule_text *t, const rule_target *target, const rule_fit_options *o,
              arena *a)
{
    *out = (rule){.n_clauses = 0};
    if (!target->n_active[RULE_FIT] || !target->n_active[RULE_CHOOSE])
        return;
    arena memory = {0};
    size_t words = rule_bit_words(t, RULE_FIT), chosen_words = rule_bit_words(t, RULE_CHOOSE);
    fitter f = {
        .t = t,
        .o = o,
        .active = {mem_small(words, sizeof(uint64_t)), mem_small(chosen_words, sizeof(uint64_t))},
        .n_active = {(int64_t)target->n_active[RULE_FIT], (int64_t)target->n_active[RULE_CHOOSE]},
        .covered = mem_small(words, sizeof *f.covered),
        .fires = mem_small(chosen_words, sizeof *f.fires)};
    mark_active(f.active[RULE_FIT], t, target, RULE_FIT);
    mark_active(f.active[RULE_CHOOSE], t, target, RULE_CHOOSE);
    rule_search_open(&f.search, t, o, &memory);
    f.search.active = f.active[RULE_FIT];
    f.search.n_active = f.n_active[RULE_FIT];
    judged best = seek_rule(&f);
    while (shorten_once(&best, &f))
        ;
    *out = best.rule;
    rule_tidy(out, &memory);
    copy_tokens(out, a);
    rule_grade(out, t, target, a);
    rule_search_close(&f.search);
    mem_free(f.active[RULE_FIT]);
    mem_free(f.active[RULE_CHOOSE]);
    mem_free(f.covered);
    mem_free(f.fires);
    arena_release(&memory);
}
