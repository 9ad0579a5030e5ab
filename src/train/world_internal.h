/* What the files of the world share: concept numbers, the lexicon, compiled rules, the writer. */
#ifndef TRAIN_WORLD_INTERNAL_H
#define TRAIN_WORLD_INTERNAL_H
#include "base/arena.h"
#include "base/rng.h"
#include "train/world.h"
#include <stdbool.h>

enum { TOPICS = 14, WORD_CONCEPTS = 32 };

/* The first WORD_CONCEPTS numbers are single words, in the order of the table in world_concepts.c;
 * TOPIC_WORD + t and TOPIC_DOCUMENT + t belong to topic t. */
enum {
    TOPIC_WORD = WORD_CONCEPTS,
    TOPIC_DOCUMENT = TOPIC_WORD + TOPICS,
    CLASS_PERSON = TOPIC_DOCUMENT + TOPICS,
    CLASS_FEMALE_NAME,
    CLASS_MALE_NAME,
    CLASS_TOWN,
    CLASS_MONTH,
    CLASS_WEEKDAY,
    CLASS_COLOUR,
    CLASS_NUMBER_WORD,
    CLASS_DIGITS,
    CLASS_FOOD,
    CLASS_ANIMAL,
    CLASS_ROLE,
    CLASS_FEELING,
    CLASS_KIN,
    CLASS_COMPARATIVE,
    CLASS_PLURAL,
    CLASS_PAST,
    CLASS_ING,
    CLASS_DETERMINER,
    CLASS_PREPOSITION,
    CLASS_CONJUNCTION,
    CLASS_SPEECH,
    CLASS_MODAL,
    SYNTAX_COMMA,
    SYNTAX_FULL_STOP,
    SYNTAX_QUESTION_MARK,
    SYNTAX_EXCLAMATION_MARK,
    SYNTAX_COLON,
    SYNTAX_OPENING_QUOTE,
    SYNTAX_CLOSING_QUOTE,
    SYNTAX_POSSESSIVE,
    SYNTAX_QUESTION_WORD,
    SYNTAX_PLURAL_SUBJECT,
    SYNTAX_ITEM_NUMBER,
    SYNTAX_BULLET,
    POSITION_DOCUMENT_START,
    POSITION_SENTENCE_START,
    POSITION_LINE_START,
    POSITION_LINE_BREAK,
    STATE_QUOTE,
    STATE_PARENTHESES,
    STATE_QUESTION,
    STATE_NEGATION,
    STATE_RELATIVE,
    STATE_CODE,
    STATE_COMMENT,
    STATE_RECIPE,
    STATE_LETTER,
    STATE_NUMBERED,
    STATE_BULLETED,
    STATE_DIARY,
    STATE_INTERVIEW,
    STATE_NEWS,
    LONG_SECOND_MENTION,
    LONG_DISTANT_AGREEMENT,
    LONG_FEMALE_PRONOUN,
    LONG_MALE_PRONOUN,
    LONG_PLURAL_PRONOUN,
    LONG_INGREDIENT_AGAIN,
    LONG_VARIABLE_AGAIN,
    LONG_SIGNATURE,
    CONCEPTS
};

typedef struct concept_set {
    uint64_t bits[2];
} concept_set;

static inline void concept_add(concept_set *s, int concept)
{
    s->bits[concept / 64] |= 1ull << (concept % 64);
}

static inline void concept_remove(concept_set *s, int concept)
{
    s->bits[concept / 64] &= ~(1ull << (concept % 64));
}

static inline bool concept_has(const concept_set *s, int concept)
{
    return s->bits[concept / 64] >> (concept % 64) & 1;
}

static inline concept_set concept_union(concept_set a, concept_set b)
{
    return (concept_set){{a.bits[0] | b.bits[0], a.bits[1] | b.bits[1]}};
}

/* The concept of the word itself (any case), or the empty set. */
concept_set concept_of_word(const char *text);
/* Concepts that hold over a stretch of text, not for one word: kinds state and document. */
concept_set concept_lasting(void);

/* --- chance --- */

/* Weights of n choices, ready to draw from. */
typedef struct distribution {
    double *cumulative; /* of the probabilities; the last is 1 */
    double *nats;       /* -ln p of each choice */
    int n;
} distribution;

distribution distribution_new(arena *a, const double *weights, int n);

/* --- words --- */

/* A word list as written: entries apart by blanks, an entry's forms apart by '/'. */
typedef enum { NOUNS, VERBS, PLACES, PLAIN } word_kind;

/* The forms of an entry. Verbs use all five; nouns the first two; a place its preposition, then its
 * noun; plain words the first. */
enum { SINGULAR = 0, PLURAL = 1, PREPOSITION = 0, PLACE = 1 };
enum { BASE, THIRD, PAST, PARTICIPLE, ING, FORMS };

typedef struct word_form {
    const char *text;
    int length;
    concept_set concepts;
} word_form;

typedef struct word_entry {
    word_form form[FORMS];
} word_entry;

typedef struct word_list {
    word_entry *entries;
    distribution chance;
} word_list;

enum { THINGS_A, THINGS_B, ACTS_A, ACTS_B, ROLES, PLACES_T, QUALITIES, DOES, TOPIC_LISTS };
enum {
    FEMALE,
    MALE,
    TOWN,
    MONTH,
    WEEKDAY,
    COLOUR,
    NUMBER,
    DIGIT,
    YEAR,
    AMOUNT,
    FEELING,
    ADJECTIVE,
    PET,
    ACTS_ANY,
    STAY,
    SAY,
    INGREDIENT,
    UNIT,
    DISH,
    VARIABLE,
    KIN,
    GO,
    ACTS_PEOPLE,
    COMPARATIVE,
    DAY_PART,
    DAY,
    SCENERY,
    SCENE_QUALITY,
    SHARED_LISTS
};

typedef struct topic_words {
    const char *name;
    const char *lists[TOPIC_LISTS];
    int thing_class; /* class of THINGS_A besides the topic, or -1 */
} topic_words;

typedef struct shared_words {
    const char *text;
    word_kind kind;
    int concept; /* class of every entry, or -1 */
} shared_words;

/* Literal words of the grammar that belong to a class. */
typedef struct class_words {
    int concept;
    const char *text;
} class_words;

extern const topic_words world_topic_words[TOPICS];
extern const shared_words world_shared_words[SHARED_LISTS];
extern const class_words world_class_words[];
extern const int world_n_class_words;

/* Parses the words of one list into memory of a; topic is -1 for shared lists. */
word_list lexicon_list(arena *a, const char *text, word_kind kind, int topic, int concept);
/* A literal of the grammar, with its word, class and topic concepts. */
word_form lexicon_literal(world *w, const char *text, size_t length);

/* --- rules --- */

typedef enum {
    OP_WORD,         /* form */
    OP_MARK,         /* value: the punctuation character */
    OP_BREAK,        /* a line break */
    OP_RULE,         /* value: rule */
    OP_TENSE_RULE,   /* value: rule of the past; the present and the future follow it */
    OP_TOPIC,        /* a word of the topic: value list, detail form */
    OP_SHARED,       /* a shared word: value list, detail form */
    OP_FINITE_TOPIC, /* as OP_TOPIC, a verb that agrees with the subject */
    OP_FINITE_SHARED,
    OP_STATE_ON, /* value: concept */
    OP_STATE_OFF,
    OP_CALL /* value: writer action */
} op_kind;

typedef struct op {
    op_kind kind;
    int value, detail;
    word_form form;
} op;

typedef struct alternative {
    op *ops;
    int n;
} alternative;

typedef struct rule {
    const char *name;
    alternative *alternatives;
    distribution chance;
} rule;

typedef struct rule_text {
    const char *name, *body;
} rule_text;

extern const rule_text world_grammar[];
extern const int world_n_rules;
/* Rules a document starts with, and which shapes fix the topic. */
typedef struct document_shape {
    const char *name; /* also its rule */
    int weight;
    int topic; /* -1: any */
} document_shape;
extern const document_shape world_shapes[];
extern const int world_n_shapes;

struct world {
    arena memory;
    word_list topic[TOPICS][TOPIC_LISTS];
    word_list shared[SHARED_LISTS];
    rule *rules;
    int n_rules;
    distribution shapes, topics;
};

/* Compiles world_grammar into w->rules; the lexicon must be there. */
void rules_compile(world *w);
/* Index of the rule, or -1. */
int rules_find(const char *name);

/* --- writer --- */

typedef enum { AGREE_SINGULAR, AGREE_PLURAL, AGREE_I, AGREE_YOU, AGREE_WE, AGREEMENTS } agreement;
typedef enum { TENSE_PAST, TENSE_PRESENT, TENSE_FUTURE } tense;

typedef struct person {
    int name, mentions;
    bool female, known;
} person;

enum { CAST = 4, REMEMBERED = 8, HEAD_NONE = -1, HEAD_EXPECTED = -2 };

typedef struct writer {
    const world *world;
    world_text *out;
    rng random;
    concept_set state;
    /* emission */
    bool glue, sentence_start, line_start, article_pending, in_code;
    int words; /* written so far */
    /* clause */
    tense tense, outer_tense;
    agreement agree, outer_agree;
    int subject;                   /* cast member the clause is about, -1: another */
    int plural_head;               /* word number of the plural subject's head, or one of HEAD_* */
    int outer_subject, outer_head; /* of the clause that a relative clause interrupts */
    /* discourse */
    person cast[CAST];
    int focus;                     /* cast member a pronoun can mean, -1 none */
    int sentences, focus_sentence; /* ended so far; when the focus was the subject last */
    bool group_known;
    int item;                                 /* number of the next list item */
    int remembered[REMEMBERED], n_remembered; /* ingredients or variables so far */
    int recalled;                             /* the one of them used last, -1 none */
} writer;

/* Where chance enters: every choice adds its -ln p to the document's nats. */
int writer_choose(writer *w, const distribution *d);
bool writer_chance(writer *w, double p);
/* As writer_choose, among the choices whose bit in `taken` is not set. */
int writer_choose_other(writer *w, const distribution *d, uint64_t taken);
/* As writer_choose, among those not remembered yet; the choice is remembered. */
int writer_choose_new(writer *w, const distribution *d);
/* A remembered entry other than the one recalled last. */
int writer_recall(writer *w);

void writer_put(writer *w, const word_form *form, concept_set extra);
void writer_put_text(writer *w, const char *text, int concept);
void writer_mark(writer *w, char mark);
void writer_break(writer *w);
void writer_finite(writer *w, const word_entry *verb);

/* Actions by name, for the grammar's {name} and <name>; -1 when there is none. */
int action_find(const char *name, size_t length);
void action_run(writer *w, int action);

void rule_expand(writer *w, int rule);

#endif
