/* The world: documents repeat exactly, read correctly, and carry true labels. */
#include "test.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "train/world_internal.h"
#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DOCUMENTS = 2000, MOST_WORDS = 8192, MOST_CONCEPTS = 128 };

static world *the_world(void **state)
{
    return *state;
}

static int set_up(void **state)
{
    *state = world_new();
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

static int concept_number(const char *name)
{
    int n;
    const world_concept *concepts = world_concepts(&n);
    for (int c = 0; c < n; c++)
        if (strcmp(concepts[c].name, name) == 0)
            return c;
    fail_msg("no concept \"%s\"", name);
    return -1;
}

static bool has(const world_span *s, int concept)
{
    return s->concepts[concept / 64] >> (concept % 64) & 1;
}

static size_t span_length(const world_span *s)
{
    return s->end - s->start;
}

static bool span_is(const world_text *t, const world_span *s, const char *text)
{
    return span_length(s) == strlen(text) &&
           strncasecmp(t->text.data + s->start, text, span_length(s)) == 0;
}

static bool same_word(const world_text *t, const world_span *a, const world_span *b)
{
    return span_length(a) == span_length(b) &&
           strncasecmp(t->text.data + a->start, t->text.data + b->start, span_length(a)) == 0;
}

/* Runs check on the first DOCUMENTS documents of seed 1. */
static void for_each_document(void **state, void (*check)(const world_text *t))
{
    world_text t = {0};
    for (uint64_t i = 0; i < DOCUMENTS; i++) {
        world_document(&t, the_world(state), 1, i);
        check(&t);
    }
    world_text_release(&t);
}

static void test_same_seed_and_index_give_the_same_document(void **state)
{
    world_text a = {0}, b = {0};
    for (uint64_t i = 0; i < 50; i++) {
        world_document(&b, the_world(state), 7, 1000 - i); /* b starts from another document */
        world_document(&a, the_world(state), 7, i);
        world_document(&b, the_world(state), 7, i);
        assert_string_equal(str_text(&a.text), str_text(&b.text));
        assert_int_equal(a.n_spans, b.n_spans);
        assert_memory_equal(a.spans, b.spans, a.n_spans * sizeof *a.spans);
        assert_true(!(a.nats < b.nats) && !(a.nats > b.nats));
        world_document(&b, the_world(state), 8, i);
        assert_string_not_equal(str_text(&a.text), str_text(&b.text));
    }
    world_text_release(&a);
    world_text_release(&b);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t add_words(char **words, size_t n, const world_text *t)
{
    for (size_t s = 0; s < t->n_spans; s++) {
        const world_span *span = &t->spans[s];
        if (!isalpha((unsigned char)t->text.data[span->start]))
            continue;
        char word[64] = {0};
        assert_true(span_length(span) < sizeof word);
        for (size_t i = 0; i < span_length(span); i++)
            word[i] = (char)tolower((unsigned char)t->text.data[span->start + i]);
        char *text = word;
        if (n == 0 || !bsearch(&text, words, n, sizeof *words, compare_text)) {
            assert_true(n < MOST_WORDS);
            words[n++] = mem_strdup(word);
            qsort(words, n, sizeof *words, compare_text);
        }
    }
    return n;
}

static void test_at_least_a_thousand_words(void **state)
{
    static char *words[MOST_WORDS];
    world_text t = {0};
    size_t n = 0;
    for (uint64_t i = 0; i < DOCUMENTS; i++) {
        world_document(&t, the_world(state), 1, i);
        n = add_words(words, n, &t);
    }
    print_message("%zu distinct words in %d documents\n", n, DOCUMENTS);
    assert_true(n >= 1000);
    for (size_t i = 0; i < n; i++)
        mem_free(words[i]);
    world_text_release(&t);
}

static void test_tables_are_complete(void **state)
{
    (void)state;
    static const char *const kinds[] = {"word",   "topic",    "document", "class",
                                        "syntax", "position", "state",    "long-range"};
    int used[COUNT_OF(kinds)] = {0}, n_concepts, n_topics;
    const world_concept *c = world_concepts(&n_concepts);
    assert_true(n_concepts >= 60 && n_concepts <= MOST_CONCEPTS);
    for (int i = 0; i < n_concepts; i++) {
        assert_non_null(c[i].name); /* a hole in the designated initialisers */
        assert_true(strlen(c[i].description) > 5);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(c[i].name, c[j].name);
        for (size_t k = 0; k < COUNT_OF(kinds); k++)
            used[k] += strcmp(c[i].kind, kinds[k]) == 0;
    }
    int known = 0;
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        assert_true(used[k] > 0);
        known += used[k];
    }
    assert_int_equal(known, n_concepts);
    const char *const *topics = world_topics(&n_topics);
    assert_true(n_topics >= 12);
    for (int i = 0; i < n_topics; i++) {
        char name[64];
        snprintf(name, sizeof name, "topic:%s", topics[i]);
        int word = concept_number(name);
        snprintf(name, sizeof name, "document:%s", topics[i]);
        assert_true(concept_number(name) > word);
    }
}

static void test_every_concept_occurs_often_enough(void **state)
{
    int n;
    const world_concept *concepts = world_concepts(&n);
    size_t count[MOST_CONCEPTS] = {0}, total = 0;
    world_text t = {0};
    for (uint64_t i = 0; i < DOCUMENTS; i++) {
        world_document(&t, the_world(state), 1, i);
        total += t.n_spans;
        for (size_t s = 0; s < t.n_spans; s++)
            for (int c = 0; c < n; c++)
                count[c] += has(&t.spans[s], c);
    }
    for (int c = 0; c < n; c++)
        if (count[c] < total / 10000 || count[c] > total * 3 / 10)
            fail_msg("\"%s\" holds for %zu of %zu words", concepts[c].name, count[c], total);
    world_text_release(&t);
}

static void check_spans(const world_text *t)
{
    uint32_t at = 0;
    assert_true(t->n_spans > 0 && t->text.len > 0);
    assert_int_equal(t->text.data[t->text.len - 1], '\n');
    for (size_t s = 0; s < t->n_spans; s++) {
        for (; at < t->spans[s].start; at++)
            assert_int_equal(t->text.data[at], ' '); /* only blanks lie outside spans */
        assert_true(t->spans[s].end > t->spans[s].start);
        at = t->spans[s].end;
    }
    assert_int_equal(at, t->text.len);
    assert_true(isfinite(t->nats) && t->nats > 10 && t->nats < 1000);
    for (size_t i = 0; i < t->text.len; i++)
        assert_true(t->text.data[i] == '\n' || (t->text.data[i] >= ' ' && t->text.data[i] < 127));
    assert_null(strstr(str_text(&t->text), "  "));
    assert_null(strstr(str_text(&t->text), " \n"));
}

static void test_spans_cover_the_text(void **state)
{
    for_each_document(state, check_spans);
}

/* The state is true from the opening mark to before the closing one. */
static void check_stretch(const world_text *t, char open, char close, const char *concept)
{
    int c = concept_number(concept);
    bool inside = false;
    for (size_t s = 0; s < t->n_spans; s++) {
        char first = t->text.data[t->spans[s].start];
        if (inside && first == close)
            inside = false;
        else if (first == open)
            inside = true;
        assert_int_equal(has(&t->spans[s], c), inside);
    }
    assert_false(inside);
}

static void check_stretches(const world_text *t)
{
    check_stretch(t, '"', '"', "inside quotes");
    check_stretch(t, '(', ')', "inside parentheses");
}

static void test_quotes_and_parentheses_match_their_labels(void **state)
{
    for_each_document(state, check_stretches);
}

static void check_questions(const world_text *t)
{
    int state = concept_number("inside a question"), mark = concept_number("question mark");
    for (size_t s = 0; s < t->n_spans; s++) {
        assert_int_equal(has(&t->spans[s], mark), span_is(t, &t->spans[s], "?"));
        if (has(&t->spans[s], mark)) {
            assert_true(has(&t->spans[s], state));
            assert_false(s + 1 < t->n_spans && has(&t->spans[s + 1], state));
        }
    }
}

static void test_questions_end_at_their_mark(void **state)
{
    for_each_document(state, check_questions);
}

static void check_articles(const world_text *t)
{
    for (size_t s = 0; s + 1 < t->n_spans; s++) {
        char next = (char)tolower((unsigned char)t->text.data[t->spans[s + 1].start]);
        bool vowel = strchr("aeiou", next) && !span_is(t, &t->spans[s + 1], "useful");
        if (span_is(t, &t->spans[s], "a"))
            assert_false(vowel);
        if (span_is(t, &t->spans[s], "an") && !span_is(t, &t->spans[s + 1], "hour"))
            assert_true(vowel);
    }
}

static void test_a_before_consonants_an_before_vowels(void **state)
{
    for_each_document(state, check_articles);
}

static void check_capitals(const world_text *t)
{
    int stop = concept_number("full stop"), start = concept_number("sentence start");
    int code = concept_number("inside code");
    for (size_t s = 0; s < t->n_spans; s++) {
        const world_span *span = &t->spans[s];
        if (has(span, start))
            assert_false(islower((unsigned char)t->text.data[span->start]));
        bool after_stop = s > 0 && has(&t->spans[s - 1], stop);
        if (after_stop && isalpha((unsigned char)t->text.data[span->start]) && !has(span, code))
            assert_true(has(span, start));
    }
}

static void test_sentences_start_with_a_capital(void **state)
{
    for_each_document(state, check_capitals);
}

static void check_topics(const world_text *t)
{
    int n;
    world_topics(&n);
    int first_word = concept_number("topic:garden");
    int first_document = concept_number("document:garden");
    for (size_t s = 0; s < t->n_spans; s++)
        for (int i = 0; i < n; i++) {
            assert_int_equal(has(&t->spans[s], first_document + i), i == t->topic);
            if (has(&t->spans[s], first_word + i))
                assert_int_equal(i, t->topic);
        }
}

static void test_topic_words_stay_in_their_topic(void **state)
{
    for_each_document(state, check_topics);
}

static bool seen_before(const world_text *t, size_t s)
{
    for (size_t i = 0; i < s; i++)
        if (same_word(t, &t->spans[i], &t->spans[s]))
            return true;
    return false;
}

/* What is labelled "again" was there before, and a name that was there before is labelled so. */
static void check_mentions(const world_text *t)
{
    int again = concept_number("name again"), name = concept_number("person name");
    int signature = concept_number("signature");
    static const char *const others[] = {"ingredient again", "variable again"};
    for (size_t s = 0; s < t->n_spans; s++) {
        if (has(&t->spans[s], name) && !has(&t->spans[s], signature))
            assert_int_equal(has(&t->spans[s], again), seen_before(t, s));
        for (size_t k = 0; k < COUNT_OF(others); k++)
            if (has(&t->spans[s], concept_number(others[k])))
                assert_true(seen_before(t, s));
    }
}

static void test_second_mentions_have_a_first(void **state)
{
    for_each_document(state, check_mentions);
}

static void check_numbering(const world_text *t)
{
    int number = concept_number("item number"), expected = 1;
    for (size_t s = 0; s < t->n_spans; s++)
        if (has(&t->spans[s], number))
            assert_int_equal(atoi(t->text.data + t->spans[s].start), expected++);
    assert_true(expected <= 10);
}

static void test_items_are_numbered_from_one(void **state)
{
    for_each_document(state, check_numbering);
}

static void check_agreement(const world_text *t)
{
    static const char *const singular[] = {"is", "was", "has", "does", "waits", "sits"};
    int distant = concept_number("distant agreement"), head = concept_number("plural subject");
    for (size_t s = 0; s < t->n_spans; s++) {
        if (!has(&t->spans[s], distant))
            continue;
        for (size_t k = 0; k < COUNT_OF(singular); k++)
            assert_false(span_is(t, &t->spans[s], singular[k]));
        bool found = false;
        for (size_t back = 3; back <= 12 && back <= s; back++)
            found = found || has(&t->spans[s - back], head);
        assert_true(found);
    }
}

static void test_distant_verbs_have_a_plural_subject(void **state)
{
    for_each_document(state, check_agreement);
}

static void check_word_concepts(const world_text *t)
{
    int n;
    const world_concept *concepts = world_concepts(&n);
    for (size_t s = 0; s < t->n_spans; s++)
        for (int c = 0; c < n && strcmp(concepts[c].kind, "word") == 0; c++)
            assert_int_equal(has(&t->spans[s], c),
                             span_is(t, &t->spans[s], concepts[c].name + strlen("word:")));
}

static void test_word_concepts_are_the_words(void **state)
{
    for_each_document(state, check_word_concepts);
}

static void test_tokens_take_their_spans_concepts(void **state)
{
    (void)state;
    /* bit 0 stands for a word concept; lasting is a state */
    int lasting = concept_number("inside a letter");
    uint64_t mask[2] = {0};
    mask[lasting / 64] |= 1ull << (lasting % 64);
    world_span spans[] = {{0, 2, {1 | mask[0], mask[1]}},
                          {3, 9, {1 | mask[0], mask[1]}},
                          {9, 10, {0, 0}},
                          {10, 11, {1, 0}},
                          {13, 15, {mask[0], mask[1]}}};
    world_text t = {.spans = spans, .n_spans = COUNT_OF(spans)};
    str_add(&t.text, "An insect.\n  ok");
    static const struct {
        uint32_t end;
        bool word, state;
    } tokens[] = {
        {2, true, true},    /* a whole word */
        {6, false, true},   /* the first piece of a split word, with its blank */
        {9, true, true},    /* the piece that completes it */
        {10, false, false}, /* a mark without concepts */
        {12, true, false},  /* a line break with blanks after it belongs to the break */
        {13, false, true},  /* blanks alone: the lasting concepts of what follows */
        {15, false, true},
    };
    uint32_t ends[COUNT_OF(tokens)];
    uint64_t got[COUNT_OF(tokens)][2];
    for (size_t i = 0; i < COUNT_OF(tokens); i++)
        ends[i] = tokens[i].end;
    world_label_tokens(got, &t, ends, COUNT_OF(tokens));
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        assert_int_equal(got[i][0] & 1, tokens[i].word);
        assert_int_equal(got[i][lasting / 64] >> (lasting % 64) & 1, tokens[i].state);
    }
    str_release(&t.text);
}

/* The built-in model has learned exactly this text; whoever changes a word of it has to train the
 * model again and write the new hash here. */
static void test_text_is_what_the_built_in_model_learned(void **state)
{
    sha256 sum;
    char hex[SHA256_HEX];
    world_text t = {0};
    sha256_start(&sum);
    for (uint64_t i = 0; i < 200; i++) {
        world_document(&t, the_world(state), 1, i);
        sha256_add(&sum, t.text.data, t.text.len);
    }
    sha256_finish(&sum, hex);
    assert_string_equal(hex, "a3d8518c1a861c7b1a6ad04c7573c4c56d31ee0b600687dcefc776d8aefbe21e");
    world_text_release(&t);
}

/* Choices come as often as exp(-nats) says, with and without some of them taken. */
static void test_nats_are_the_choices_own(void **state)
{
    (void)state;
    enum { CHOICES = 4, DRAWS = 100000 };
    static const double weights[CHOICES] = {1, 2, 5, 12};
    static const uint64_t taken[] = {0, 1 << 3, 1 << 0 | 1 << 2};
    arena a = {0};
    distribution d = distribution_new(&a, weights, CHOICES);
    for (size_t k = 0; k < COUNT_OF(taken); k++) {
        int count[CHOICES] = {0};
        double nats[CHOICES] = {0};
        world_text out = {0};
        writer w = {.out = &out, .random = rng_stream(5, "test_nats")};
        for (int i = 0; i < DRAWS; i++) {
            out.nats = 0;
            int choice = taken[k] ? writer_choose_other(&w, &d, taken[k]) : writer_choose(&w, &d);
            assert_false(taken[k] >> choice & 1);
            count[choice]++;
            nats[choice] = out.nats;
        }
        for (int c = 0; c < CHOICES; c++)
            if (count[c])
                assert_true(fabs((double)count[c] / DRAWS - exp(-nats[c])) < 0.01);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_and_index_give_the_same_document),
        cmocka_unit_test(test_at_least_a_thousand_words),
        cmocka_unit_test(test_tables_are_complete),
        cmocka_unit_test(test_every_concept_occurs_often_enough),
        cmocka_unit_test(test_spans_cover_the_text),
        cmocka_unit_test(test_quotes_and_parentheses_match_their_labels),
        cmocka_unit_test(test_questions_end_at_their_mark),
        cmocka_unit_test(test_a_before_consonants_an_before_vowels),
        cmocka_unit_test(test_sentences_start_with_a_capital),
        cmocka_unit_test(test_topic_words_stay_in_their_topic),
        cmocka_unit_test(test_second_mentions_have_a_first),
        cmocka_unit_test(test_items_are_numbered_from_one),
        cmocka_unit_test(test_distant_verbs_have_a_plural_subject),
        cmocka_unit_test(test_word_concepts_are_the_words),
        cmocka_unit_test(test_tokens_take_their_spans_concepts),
        cmocka_unit_test(test_text_is_what_the_built_in_model_learned),
        cmocka_unit_test(test_nats_are_the_choices_own),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
