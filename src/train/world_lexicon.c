/* Reads the word lists and makes the forms that English makes by rule. */
#include "train/world_internal.h"
#include "base/err.h"
#include <string.h>

enum { MOST_ENTRIES = 64 };

static bool ends_with(const char *word, const char *ending)
{
    size_t n = strlen(word), m = strlen(ending);
    return n >= m && strcmp(word + n - m, ending) == 0;
}

static bool is_vowel(char c)
{
    return c && strchr("aeiou", c) != NULL;
}

static bool ends_in_consonant_y(const char *word)
{
    size_t n = strlen(word);
    return n >= 2 && word[n - 1] == 'y' && !is_vowel(word[n - 2]);
}

/* Plurals and third persons: boxes, cities, goes, cups. */
static char *with_s(arena *a, const char *word)
{
    int n = (int)strlen(word);
    if (ends_in_consonant_y(word))
        return arena_printf(a, "%.*sies", n - 1, word);
    bool adds_es = ends_with(word, "o") || ends_with(word, "s") || ends_with(word, "x") ||
                   ends_with(word, "z") || ends_with(word, "ch") || ends_with(word, "sh");
    return arena_printf(a, "%s%s", word, adds_es ? "es" : "s");
}

static char *with_ed(arena *a, const char *word)
{
    int n = (int)strlen(word);
    if (ends_in_consonant_y(word))
        return arena_printf(a, "%.*sied", n - 1, word);
    return arena_printf(a, "%s%s", word, ends_with(word, "e") ? "d" : "ed");
}

static char *with_ing(arena *a, const char *word)
{
    int n = (int)strlen(word);
    bool silent_e = ends_with(word, "e") && !ends_with(word, "ee");
    return arena_printf(a, "%.*sing", silent_e ? n - 1 : n, word);
}

static word_form make_form(const char *text, concept_set concepts)
{
    return (word_form){text, (int)strlen(text), concept_union(concepts, concept_of_word(text))};
}

static concept_set with_concept(concept_set s, int concept)
{
    concept_add(&s, concept);
    return s;
}

static void make_verb(word_entry *entry, arena *a, char *parts[FORMS], concept_set c)
{
    const char *base = parts[0];
    const char *past = parts[1] ? parts[1] : with_ed(a, base);
    const char *participle = parts[2] ? parts[2] : past;
    const char *ing = parts[3] ? parts[3] : with_ing(a, base);
    entry->form[BASE] = make_form(base, c);
    entry->form[THIRD] = make_form(with_s(a, base), c);
    entry->form[PAST] = make_form(past, with_concept(c, CLASS_PAST));
    entry->form[PARTICIPLE] = make_form(participle, c);
    entry->form[ING] = make_form(ing, with_concept(c, CLASS_ING));
}

static void make_noun(word_entry *entry, arena *a, char *parts[FORMS], concept_set c)
{
    const char *plural = parts[1] ? parts[1] : with_s(a, parts[0]);
    entry->form[SINGULAR] = make_form(parts[0], c);
    entry->form[PLURAL] = make_form(plural, with_concept(c, CLASS_PLURAL));
}

static void make_entry(word_entry *entry, arena *a, char *parts[FORMS], word_kind kind,
                       concept_set c)
{
    concept_set none = {{0, 0}};
    switch (kind) {
    case VERBS:
        make_verb(entry, a, parts, c);
        break;
    case NOUNS:
        make_noun(entry, a, parts, c);
        break;
    case PLACES:
        entry->form[PREPOSITION] = make_form(parts[0], with_concept(none, CLASS_PREPOSITION));
        entry->form[PLACE] = make_form(parts[1], c);
        break;
    case PLAIN:
        entry->form[0] = make_form(parts[0], c);
        break;
    }
}

/* Cuts "see/saw//seeing" into parts; an empty part is NULL. */
static void split_entry(char *parts[FORMS], char *entry)
{
    for (int i = 0; i < FORMS; i++)
        parts[i] = NULL;
    for (int i = 0; entry && i < FORMS; i++) {
        char *next = strchr(entry, '/');
        if (next)
            *next++ = '\0';
        parts[i] = *entry ? entry : NULL;
        entry = next;
    }
}

/* Word i of a list comes with probability proportional to 1 / (i + 2): Zipf's law, flattened at the
 * head so that no word drowns the rest of a short list. */
static distribution zipf(arena *a, int n)
{
    double weights[MOST_ENTRIES];
    for (int i = 0; i < n; i++)
        weights[i] = 1.0 / (i + 2);
    return distribution_new(a, weights, n);
}

word_list lexicon_list(arena *a, const char *text, word_kind kind, int topic, int concept)
{
    word_list list = {0};
    int n = 0;
    concept_set concepts = {{0, 0}};
    char *rest = arena_strdup(a, text), *save = NULL, *parts[FORMS];
    if (topic >= 0)
        concept_add(&concepts, TOPIC_WORD + topic);
    if (concept >= 0)
        concept_add(&concepts, concept);
    list.entries = arena_push(a, MOST_ENTRIES, sizeof *list.entries);
    for (char *word = strtok_r(rest, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if (n == MOST_ENTRIES)
            err_die("world: more than %d entries in \"%s\"", MOST_ENTRIES, text);
        split_entry(parts, word);
        make_entry(&list.entries[n++], a, parts, kind, concepts);
    }
    list.chance = zipf(a, n);
    return list;
}

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = strstr(list, word); p; p = strstr(p + 1, word))
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

/* A literal that is one of a topic's words is labelled as the topic's own. */
static void add_topic_concepts(concept_set *c, const world *w, const char *word)
{
    for (int t = 0; t < TOPICS; t++)
        for (int l = 0; l < TOPIC_LISTS; l++)
            for (int i = 0; i < w->topic[t][l].chance.n; i++)
                for (int f = 0; f < FORMS; f++) {
                    const word_form *form = &w->topic[t][l].entries[i].form[f];
                    if (form->text && concept_has(&form->concepts, TOPIC_WORD + t) &&
                        strcmp(form->text, word) == 0)
                        concept_add(c, TOPIC_WORD + t);
                }
}

/* "to^" is the preposition, "to" the mark of the infinitive. */
word_form lexicon_literal(world *w, const char *text, size_t length)
{
    concept_set c = {{0, 0}};
    if (text[length - 1] == '^') {
        length--;
        concept_add(&c, CLASS_PREPOSITION);
    }
    char *word = arena_strndup(&w->memory, text, length);
    for (int i = 0; i < world_n_class_words; i++)
        if (has_word(world_class_words[i].text, word))
            concept_add(&c, world_class_words[i].concept);
    if (strcmp(word, "'s") == 0)
        concept_add(&c, SYNTAX_POSSESSIVE);
    add_topic_concepts(&c, w, word);
    return make_form(word, c);
}
