/* Puts words and marks into the document: chance, spelling, spacing, capitals, a or an, labels. */
#include "train/world_internal.h"
#include "base/memory.h"
#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

distribution distribution_new(arena *a, const double *weights, int n)
{
    distribution d = {arena_push(a, (size_t)n, sizeof *d.cumulative),
                      arena_push(a, (size_t)n, sizeof *d.nats), n};
    double sum = 0, running = 0;
    for (int i = 0; i < n; i++)
        sum += weights[i];
    for (int i = 0; i < n; i++) {
        running += weights[i];
        d.cumulative[i] = running / sum;
        d.nats[i] = -log(weights[i] / sum);
    }
    return d;
}

static int draw(rng *random, const distribution *d)
{
    double u = rng_uniform(random);
    int i = 0;
    while (i < d->n - 1 && u >= d->cumulative[i])
        i++;
    return i;
}

int writer_choose(writer *w, const distribution *d)
{
    if (d->n == 1)
        return 0;
    int i = draw(&w->random, d);
    w->out->nats += d->nats[i];
    return i;
}

bool writer_chance(writer *w, double p)
{
    bool yes = rng_uniform(&w->random) < p;
    w->out->nats -= log(yes ? p : 1 - p);
    return yes;
}

/* Draws until the choice is not one of the taken; the probability of what comes out is its own over
 * that of all the others. */
int writer_choose_other(writer *w, const distribution *d, uint64_t taken)
{
    double left = 1;
    int choice;
    for (int i = 0; i < d->n; i++)
        if (taken >> i & 1)
            left -= exp(-d->nats[i]);
    do
        choice = draw(&w->random, d);
    while (taken >> choice & 1);
    w->out->nats += d->nats[choice] + log(left);
    return choice;
}

int writer_choose_new(writer *w, const distribution *d)
{
    uint64_t taken = 0;
    for (int i = 0; i < w->n_remembered; i++)
        taken |= 1ull << w->remembered[i];
    int choice = writer_choose_other(w, d, taken);
    assert(w->n_remembered < REMEMBERED);
    w->remembered[w->n_remembered++] = choice;
    return choice;
}

int writer_recall(writer *w)
{
    bool again = w->recalled >= 0;
    int n = w->n_remembered - again;
    assert(n > 0);
    w->out->nats += log(n);
    int i = (int)rng_below(&w->random, (uint32_t)n);
    if (again && i >= w->recalled)
        i++;
    w->recalled = i;
    return w->remembered[i];
}

static void add_span(writer *w, const char *text, size_t n, concept_set concepts)
{
    world_text *out = w->out;
    if (out->n_spans == out->span_capacity) {
        out->span_capacity = out->span_capacity ? 2 * out->span_capacity : 256;
        out->spans = mem_grow(out->spans, out->span_capacity, sizeof *out->spans);
    }
    if (w->line_start)
        concept_add(&concepts, POSITION_LINE_START);
    if (out->n_spans == 0)
        concept_add(&concepts, POSITION_DOCUMENT_START);
    w->line_start = false;
    concepts = concept_union(concepts, w->state);
    uint32_t start = (uint32_t)out->text.len;
    str_add_bytes(&out->text, text, n);
    out->spans[out->n_spans++] =
        (world_span){start, (uint32_t)out->text.len, {concepts.bits[0], concepts.bits[1]}};
}

static void put_bytes(writer *w, const word_form *form, concept_set concepts)
{
    if (!w->glue)
        str_add_char(&w->out->text, ' ');
    w->glue = false;
    bool capital = w->sentence_start && !w->in_code && isalnum((unsigned char)form->text[0]);
    if (capital)
        concept_add(&concepts, POSITION_SENTENCE_START);
    add_span(w, form->text, (size_t)form->length, concepts);
    if (capital) {
        size_t at = w->out->spans[w->out->n_spans - 1].start;
        w->out->text.data[at] = (char)toupper((unsigned char)w->out->text.data[at]);
        w->sentence_start = false;
    }
    w->words++;
}

/* The article waits for the next word, whose first letter decides between a and an. */
static void put_pending_article(writer *w, const char *next)
{
    static const word_form a = {"a", 1, {{0, 0}}}, an = {"an", 2, {{0, 0}}};
    bool vowel = strchr("aeiou", tolower((unsigned char)next[0])) && strncmp(next, "use", 3) != 0;
    const word_form *form = vowel ? &an : &a;
    concept_set concepts = concept_of_word(form->text);
    concept_add(&concepts, CLASS_DETERMINER);
    w->article_pending = false;
    put_bytes(w, form, concepts);
}

static bool negates(const char *word)
{
    return strcmp(word, "not") == 0 || strcmp(word, "never") == 0;
}

static bool joins_clauses(const char *word)
{
    return strcmp(word, "but") == 0 || strcmp(word, "because") == 0 || strcmp(word, "when") == 0;
}

void writer_put(writer *w, const word_form *form, concept_set extra)
{
    if (w->article_pending)
        put_pending_article(w, form->text);
    if (form->length == 1 && form->text[0] == 'a' && !w->in_code) {
        w->article_pending = true;
        return;
    }
    if (joins_clauses(form->text))
        concept_remove(&w->state, STATE_NEGATION);
    if (form->text[0] == '\'')
        w->glue = true;
    extra = concept_union(form->concepts, extra);
    if (w->plural_head == HEAD_EXPECTED && concept_has(&extra, CLASS_PLURAL)) {
        concept_add(&extra, SYNTAX_PLURAL_SUBJECT);
        w->plural_head = w->words + 1;
    }
    put_bytes(w, form, extra);
    if (negates(form->text))
        concept_add(&w->state, STATE_NEGATION);
}

void writer_put_text(writer *w, const char *text, int concept)
{
    word_form form = {text, (int)strlen(text), concept_of_word(text)};
    concept_set extra = {{0, 0}};
    if (concept >= 0)
        concept_add(&extra, concept);
    writer_put(w, &form, extra);
}

static int mark_concept(char mark)
{
    switch (mark) {
    case '.':
        return SYNTAX_FULL_STOP;
    case ',':
        return SYNTAX_COMMA;
    case '?':
        return SYNTAX_QUESTION_MARK;
    case '!':
        return SYNTAX_EXCLAMATION_MARK;
    case ':':
        return SYNTAX_COLON;
    default:
        return -1;
    }
}

void writer_mark(writer *w, char mark)
{
    assert(!w->article_pending);
    concept_set concepts = {{0, 0}};
    if (mark_concept(mark) >= 0)
        concept_add(&concepts, mark_concept(mark));
    concept_remove(&w->state, STATE_NEGATION);
    add_span(w, &mark, 1, concepts);
    if (mark == '.' || mark == '?' || mark == '!') {
        w->sentence_start = true;
        w->sentences++;
    }
    if (mark == '?')
        concept_remove(&w->state, STATE_QUESTION);
    w->plural_head = HEAD_NONE;
}

void writer_break(writer *w)
{
    assert(!w->article_pending);
    concept_set concepts = {{0, 0}};
    concept_add(&concepts, POSITION_LINE_BREAK);
    concept_remove(&w->state, STATE_NEGATION);
    w->line_start = false;
    add_span(w, "\n", 1, concepts);
    w->glue = w->line_start = w->sentence_start = true;
    w->focus = -1;
    w->group_known = false;
}

/* A verb is far from its plural subject when at least two words stand between them: "the keys of
 * the old baker are". */
static concept_set agreement_concepts(const writer *w)
{
    concept_set c = {{0, 0}};
    if (w->agree == AGREE_PLURAL && w->plural_head > 0 && w->words - w->plural_head >= 2)
        concept_add(&c, LONG_DISTANT_AGREEMENT);
    return c;
}

void writer_finite(writer *w, const word_entry *verb)
{
    concept_set extra = agreement_concepts(w);
    if (w->tense == TENSE_FUTURE) {
        writer_put_text(w, "will", CLASS_MODAL);
        writer_put(w, &verb->form[BASE], (concept_set){{0, 0}});
    } else if (w->tense == TENSE_PAST) {
        writer_put(w, &verb->form[PAST], extra);
    } else {
        writer_put(w, &verb->form[w->agree == AGREE_SINGULAR ? THIRD : BASE], extra);
    }
    w->plural_head = HEAD_NONE;
}
