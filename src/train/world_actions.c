/* The actions a rule can call by name: people and pronouns, auxiliaries, tense, states, lists. */
#include "train/world_internal.h"
#include "base/err.h"
#include <string.h>

typedef struct action {
    const char *name;
    void (*run)(writer *w, int value);
    int value;
} action;

static const concept_set none = {{0, 0}};

static void put_with(writer *w, const word_form *form, int concept)
{
    concept_set extra = none;
    concept_add(&extra, concept);
    writer_put(w, form, extra);
}

/* --- people --- */

static const word_list *names_of(const writer *w, const person *p)
{
    return &w->world->shared[p->female ? FEMALE : MALE];
}

static void draw_name(writer *w, person *p)
{
    const word_list *list = names_of(w, p);
    uint64_t taken = 0;
    for (int i = 0; i < CAST; i++)
        if (w->cast[i].known && w->cast[i].female == p->female)
            taken |= 1ull << w->cast[i].name;
    p->name = writer_choose_other(w, &list->chance, taken);
    p->known = true;
}

static void put_name_as(writer *w, person *p, int concept)
{
    concept_set extra = none;
    if (!p->known)
        draw_name(w, p);
    concept_add(&extra, p->female ? CLASS_FEMALE_NAME : CLASS_MALE_NAME);
    if (concept >= 0)
        concept_add(&extra, concept);
    writer_put(w, &names_of(w, p)->entries[p->name].form[0], extra);
    p->mentions++;
}

static void put_name(writer *w, int member)
{
    person *p = &w->cast[member];
    put_name_as(w, p, p->mentions > 0 ? LONG_SECOND_MENTION : -1);
}

static void put_pronoun(writer *w, const person *p, const char *female, const char *male, int class)
{
    concept_set extra = none;
    concept_add(&extra, p->female ? LONG_FEMALE_PRONOUN : LONG_MALE_PRONOUN);
    if (class >= 0)
        concept_add(&extra, class);
    const char *text = p->female ? female : male;
    word_form form = {text, (int)strlen(text), concept_of_word(text)};
    writer_put(w, &form, extra);
}

static void become_subject(writer *w, int member)
{
    w->focus = w->subject = member;
    w->focus_sentence = w->sentences;
    w->agree = AGREE_SINGULAR;
    w->plural_head = HEAD_NONE;
}

/* One of the two main persons as subject. The story stays with the person it is about; the two
 * differ in gender, so a pronoun is never ambiguous. */
static void put_who(writer *w, int value)
{
    (void)value;
    int member =
        w->focus < 0 ? !writer_chance(w, 0.6) : (writer_chance(w, 0.7) ? w->focus : !w->focus);
    double likely = w->focus_sentence == w->sentences ? 0.95 : 0.7;
    bool pronoun = member == w->focus && writer_chance(w, likely);
    become_subject(w, member);
    if (pronoun)
        put_pronoun(w, &w->cast[member], "she", "he", -1);
    else
        put_name(w, member);
}

/* The main person the clause is not about, as object. */
static void put_other(writer *w, int value)
{
    (void)value;
    int member = w->subject == 0 ? 1 : 0;
    if (w->cast[member].known && w->focus >= 0 && writer_chance(w, 0.4))
        put_pronoun(w, &w->cast[member], "her", "him", -1);
    else
        put_name(w, member);
}

static void put_other_name(writer *w, int value)
{
    (void)value;
    put_name(w, w->subject == 0 ? 1 : 0);
}

static void put_member(writer *w, int member)
{
    put_name(w, member);
    if (member < 2)
        become_subject(w, member);
}

static void put_signature(writer *w, int member)
{
    put_name_as(w, &w->cast[member], LONG_SIGNATURE);
}

static void put_group(writer *w, int value)
{
    (void)value;
    if (w->group_known && writer_chance(w, 0.6)) {
        writer_put_text(w, "they", LONG_PLURAL_PRONOUN);
        w->plural_head = HEAD_NONE;
    } else {
        const word_list *roles = &w->world->topic[w->out->topic][ROLES];
        writer_put_text(w, "the", CLASS_DETERMINER);
        w->plural_head = HEAD_EXPECTED;
        writer_put(w, &roles->entries[writer_choose(w, &roles->chance)].form[PLURAL], none);
    }
    w->group_known = true;
    w->agree = AGREE_PLURAL;
    w->subject = -1;
    w->focus = -1;
}

/* The possessive of the clause's subject; "the" where the subject's gender is not known. */
static void put_possessive(writer *w, int value)
{
    (void)value;
    word_form their = {"their", 5, concept_of_word("their")};
    concept_add(&their.concepts, CLASS_DETERMINER);
    if (w->agree == AGREE_I)
        writer_put_text(w, "my", CLASS_DETERMINER);
    else if (w->agree == AGREE_WE)
        writer_put_text(w, "our", CLASS_DETERMINER);
    else if (w->agree == AGREE_YOU)
        writer_put_text(w, "your", CLASS_DETERMINER);
    else if (w->agree == AGREE_PLURAL && w->group_known)
        put_with(w, &their, LONG_PLURAL_PRONOUN);
    else if (w->agree == AGREE_SINGULAR && w->subject >= 0)
        put_pronoun(w, &w->cast[w->subject], "her", "his", CLASS_DETERMINER);
    else
        writer_put_text(w, "the", CLASS_DETERMINER);
}

/* --- clauses --- */

static void set_agreement(writer *w, int value)
{
    w->agree = (agreement)value;
    w->subject = -1;
    if (value != AGREE_I && !concept_has(&w->state, STATE_QUOTE))
        w->focus = -1; /* "he" after "the keys of the old baker" would not be clear */
    w->plural_head = value == AGREE_PLURAL ? HEAD_EXPECTED : HEAD_NONE;
}

/* Two people named together are the subject. */
static void set_both(writer *w, int value)
{
    set_agreement(w, AGREE_PLURAL);
    w->plural_head = value;
    w->group_known = true;
}

static void set_tense(writer *w, int value)
{
    w->tense = (tense)value;
}

/* A relative clause has its own subject; afterwards the verb still has to agree with the first. */
static void open_relative(writer *w, int value)
{
    (void)value;
    w->outer_agree = w->agree;
    w->outer_subject = w->subject;
    w->outer_head = w->plural_head;
    concept_add(&w->state, STATE_RELATIVE);
}

static void close_relative(writer *w, int value)
{
    (void)value;
    w->agree = w->outer_agree;
    w->subject = w->outer_subject;
    w->plural_head = w->outer_head;
    concept_remove(&w->state, STATE_RELATIVE);
}

/* Rows: tense; columns: agreement. */
static const char *const be_forms[2][AGREEMENTS] = {{"was", "were", "was", "were", "were"},
                                                    {"is", "are", "am", "are", "are"}};
static const char *const do_forms[2][AGREEMENTS] = {{"did", "did", "did", "did", "did"},
                                                    {"does", "do", "do", "do", "do"}};
static const char *const have_forms[2][AGREEMENTS] = {{"had", "had", "had", "had", "had"},
                                                      {"has", "have", "have", "have", "have"}};

static void put_auxiliary(writer *w, const char *const forms[2][AGREEMENTS])
{
    concept_set extra = none;
    if (w->agree == AGREE_PLURAL && w->plural_head > 0 && w->words - w->plural_head >= 2)
        concept_add(&extra, LONG_DISTANT_AGREEMENT);
    if (w->tense == TENSE_PAST)
        concept_add(&extra, CLASS_PAST);
    const char *text = forms[w->tense == TENSE_PRESENT][w->agree];
    word_form form = {text, (int)strlen(text), concept_of_word(text)};
    writer_put(w, &form, extra);
    w->plural_head = HEAD_NONE;
}

static void put_be(writer *w, int value)
{
    (void)value;
    if (w->tense == TENSE_FUTURE) {
        writer_put_text(w, "will", CLASS_MODAL);
        writer_put_text(w, "be", -1);
    } else {
        put_auxiliary(w, be_forms);
    }
}

static void put_do(writer *w, int value)
{
    (void)value;
    if (w->tense == TENSE_FUTURE)
        writer_put_text(w, "will", CLASS_MODAL);
    else
        put_auxiliary(w, do_forms);
}

static void put_have(writer *w, int value)
{
    (void)value;
    if (w->tense == TENSE_FUTURE) {
        writer_put_text(w, "will", CLASS_MODAL);
        writer_put_text(w, "have", -1);
    } else {
        put_auxiliary(w, have_forms);
    }
}

static void put_place(writer *w, int value)
{
    (void)value;
    const word_list *places = &w->world->topic[w->out->topic][PLACES_T];
    const word_entry *place = &places->entries[writer_choose(w, &places->chance)];
    writer_put(w, &place->form[PREPOSITION], none);
    writer_put_text(w, "the", CLASS_DETERMINER);
    writer_put(w, &place->form[PLACE], none);
}

/* --- quotes and other stretches --- */

static void open_quote(writer *w, int value)
{
    (void)value;
    w->outer_tense = w->tense;
    w->tense = TENSE_PRESENT;
    concept_add(&w->state, STATE_QUOTE);
    put_with(w, &(word_form){"\"", 1, none}, SYNTAX_OPENING_QUOTE);
    w->glue = w->sentence_start = true;
}

static void close_quote(writer *w, int ends_sentence)
{
    concept_remove(&w->state, STATE_QUOTE);
    concept_remove(&w->state, STATE_NEGATION);
    w->glue = true;
    put_with(w, &(word_form){"\"", 1, none}, SYNTAX_CLOSING_QUOTE);
    w->sentence_start = ends_sentence;
    w->tense = w->outer_tense;
}

static void open_parenthesis(writer *w, int value)
{
    (void)value;
    concept_add(&w->state, STATE_PARENTHESES);
    writer_put_text(w, "(", -1);
    w->glue = true;
}

static void close_parenthesis(writer *w, int value)
{
    (void)value;
    concept_remove(&w->state, STATE_PARENTHESES);
    w->glue = true;
    writer_put_text(w, ")", -1);
}

/* A line break, unless a line has just begun. */
static void break_line(writer *w, int value)
{
    (void)value;
    if (!w->line_start)
        writer_break(w);
}

static void set_sentence_start(writer *w, int value)
{
    w->sentence_start = value;
}

static void set_code(writer *w, int value)
{
    w->in_code = value;
    if (value)
        concept_add(&w->state, STATE_CODE);
    else
        concept_remove(&w->state, STATE_CODE);
}

/* --- lists, recipes, programs --- */

static void start_items(writer *w, int value)
{
    (void)value;
    w->item = 1;
}

static void put_item(writer *w, int value)
{
    (void)value;
    word_form number = {(const char[2]){(char)('0' + w->item % 10), '\0'}, 1, none};
    w->item++;
    put_with(w, &number, SYNTAX_ITEM_NUMBER);
    w->glue = true;
    writer_put_text(w, ".", -1);
    w->sentence_start = true;
}

static void put_bullet(writer *w, int value)
{
    (void)value;
    writer_put_text(w, "-", SYNTAX_BULLET);
}

static void forget(writer *w, int value)
{
    (void)value;
    w->n_remembered = 0;
    w->recalled = -1;
}

static void put_new(writer *w, int list)
{
    const word_list *words = &w->world->shared[list];
    writer_put(w, &words->entries[writer_choose_new(w, &words->chance)].form[0], none);
}

static void put_again(writer *w, int list)
{
    int concept = list == INGREDIENT ? LONG_INGREDIENT_AGAIN : LONG_VARIABLE_AGAIN;
    put_with(w, &w->world->shared[list].entries[writer_recall(w)].form[0], concept);
}

static const action actions[] = {
    {"who", put_who, 0},
    {"other", put_other, 0},
    {"other_name", put_other_name, 0},
    {"first", put_member, 0},
    {"second", put_member, 1},
    {"reader", put_member, 2},
    {"signature", put_signature, 3},
    {"group", put_group, 0},
    {"poss", put_possessive, 0},
    {"sg", set_agreement, AGREE_SINGULAR},
    {"pl", set_agreement, AGREE_PLURAL},
    {"i", set_agreement, AGREE_I},
    {"you", set_agreement, AGREE_YOU},
    {"we", set_agreement, AGREE_WE},
    {"both", set_both, HEAD_NONE},
    {"past", set_tense, TENSE_PAST},
    {"present", set_tense, TENSE_PRESENT},
    {"future", set_tense, TENSE_FUTURE},
    {"be", put_be, 0},
    {"do", put_do, 0},
    {"have", put_have, 0},
    {"place", put_place, 0},
    {"q", open_quote, 0},
    {"/q", close_quote, 0},
    {"/q.", close_quote, 1},
    {"rel", open_relative, 0},
    {"/rel", close_relative, 0},
    {"(", open_parenthesis, 0},
    {")", close_parenthesis, 0},
    {"break", break_line, 0},
    {"end", set_sentence_start, 1},
    {"code", set_code, 1},
    {"/code", set_code, 0},
    {"items", start_items, 0},
    {"item", put_item, 0},
    {"bullet", put_bullet, 0},
    {"forget", forget, 0},
    {"new_ingredient", put_new, INGREDIENT},
    {"ingredient", put_again, INGREDIENT},
    {"new_variable", put_new, VARIABLE},
    {"variable", put_again, VARIABLE},
};

int action_find(const char *name, size_t length)
{
    for (int i = 0; i < (int)(sizeof actions / sizeof *actions); i++)
        if (strlen(actions[i].name) == length && memcmp(actions[i].name, name, length) == 0)
            return i;
    return -1;
}

void action_run(writer *w, int index)
{
    actions[index].run(w, actions[index].value);
}
