/* The concept table: what can be true of a piece of the world's text. */
#include "train/world_internal.h"
#include <string.h>
#include <strings.h>

#define WORD(text)                                                                                 \
    {                                                                                              \
        "word:" text, "word", "the word \"" text "\", any case"                                    \
    }
#define TOPIC_WORDS(name)                                                                          \
    {                                                                                              \
        "topic:" name, "topic", "a word that only documents about the " name " use"                \
    }
#define DOCUMENT(name)                                                                             \
    {                                                                                              \
        "document:" name, "document", "anywhere in a document about the " name                     \
    }

static const world_concept concepts[CONCEPTS] = {
    WORD("the"),
    WORD("a"),
    WORD("of"),
    WORD("and"),
    WORD("to"),
    WORD("in"),
    WORD("was"),
    WORD("is"),
    WORD("are"),
    WORD("were"),
    WORD("not"),
    WORD("said"),
    WORD("asked"),
    WORD("her"),
    WORD("his"),
    WORD("he"),
    WORD("she"),
    WORD("I"),
    WORD("you"),
    WORD("because"),
    WORD("but"),
    WORD("by"),
    WORD("old"),
    WORD("new"),
    WORD("red"),
    WORD("very"),
    WORD("every"),
    WORD("morning"),
    WORD("day"),
    WORD("happy"),
    WORD("found"),
    WORD("with"),
    [TOPIC_WORD] = TOPIC_WORDS("garden"),
    TOPIC_WORDS("kitchen"),
    TOPIC_WORDS("harbour"),
    TOPIC_WORDS("farm"),
    TOPIC_WORDS("school"),
    TOPIC_WORDS("hospital"),
    TOPIC_WORDS("market"),
    TOPIC_WORDS("music"),
    TOPIC_WORDS("weather"),
    TOPIC_WORDS("railway"),
    TOPIC_WORDS("sport"),
    TOPIC_WORDS("workshop"),
    TOPIC_WORDS("court"),
    TOPIC_WORDS("space"),
    [TOPIC_DOCUMENT] = DOCUMENT("garden"),
    DOCUMENT("kitchen"),
    DOCUMENT("harbour"),
    DOCUMENT("farm"),
    DOCUMENT("school"),
    DOCUMENT("hospital"),
    DOCUMENT("market"),
    DOCUMENT("music"),
    DOCUMENT("weather"),
    DOCUMENT("railway"),
    DOCUMENT("sport"),
    DOCUMENT("workshop"),
    DOCUMENT("court"),
    DOCUMENT("space"),
    [CLASS_PERSON] = {"person name", "class", "a person's first name"},
    [CLASS_FEMALE_NAME] = {"female name", "class", "a woman's first name"},
    [CLASS_MALE_NAME] = {"male name", "class", "a man's first name"},
    [CLASS_TOWN] = {"town name", "class", "the name of a town"},
    [CLASS_MONTH] = {"month", "class", "the name of a month"},
    [CLASS_WEEKDAY] = {"weekday", "class", "the name of a day of the week"},
    [CLASS_COLOUR] = {"colour", "class", "a colour adjective"},
    [CLASS_NUMBER_WORD] = {"number word", "class", "a number written as a word"},
    [CLASS_DIGITS] = {"digits", "class", "a number written in digits"},
    [CLASS_FOOD] = {"food", "class", "something to eat, or an ingredient"},
    [CLASS_ANIMAL] = {"animal", "class", "a farm animal or a pet"},
    [CLASS_ROLE] = {"occupation", "class", "a person named by what they do, one or several"},
    [CLASS_FEELING] = {"feeling", "class", "an adjective that tells how someone feels"},
    [CLASS_KIN] = {"kin", "class", "a family member or friend: mother, brother, ..."},
    [CLASS_COMPARATIVE] = {"comparative", "class", "an adjective in the comparative"},
    [CLASS_PLURAL] = {"plural noun", "class", "a noun in the plural"},
    [CLASS_PAST] = {"past tense", "class", "a finite verb in the past tense"},
    [CLASS_ING] = {"-ing form", "class", "a verb form in -ing"},
    [CLASS_DETERMINER] = {"determiner", "class", "an article, a possessive, every or some"},
    [CLASS_PREPOSITION] = {"preposition", "class", "a preposition"},
    [CLASS_CONJUNCTION] = {"conjunction", "class", "a conjunction between clauses or words"},
    [CLASS_SPEECH] = {"verb of saying", "class", "a verb of saying, any form"},
    [CLASS_MODAL] = {"modal verb", "class", "a modal verb (will, can, must, ...)"},
    [SYNTAX_COMMA] = {"comma", "syntax", "a comma"},
    [SYNTAX_FULL_STOP] = {"full stop", "syntax", "the full stop that ends a sentence"},
    [SYNTAX_QUESTION_MARK] = {"question mark", "syntax", "a question mark"},
    [SYNTAX_EXCLAMATION_MARK] = {"exclamation mark", "syntax", "an exclamation mark"},
    [SYNTAX_COLON] = {"colon", "syntax", "a colon"},
    [SYNTAX_OPENING_QUOTE] = {"opening quote", "syntax", "the quotation mark that opens speech"},
    [SYNTAX_CLOSING_QUOTE] = {"closing quote", "syntax", "the quotation mark that closes speech"},
    [SYNTAX_POSSESSIVE] = {"possessive 's", "syntax", "the ending 's of a possessor"},
    [SYNTAX_QUESTION_WORD] = {"question word", "syntax", "who, what, where, why, how or which"},
    [SYNTAX_PLURAL_SUBJECT] = {"plural subject", "syntax",
                               "the plural noun that heads the subject of its clause"},
    [SYNTAX_ITEM_NUMBER] = {"item number", "syntax",
                            "the number at the head of an item of a numbered list"},
    [SYNTAX_BULLET] = {"bullet", "syntax", "the dash at the head of an item of a bulleted list"},
    [POSITION_DOCUMENT_START] = {"document start", "position", "the first word of the document"},
    [POSITION_SENTENCE_START] = {"sentence start", "position",
                                 "the first word of a sentence, capitalised"},
    [POSITION_LINE_START] = {"line start", "position", "the first word or mark after a line break"},
    [POSITION_LINE_BREAK] = {"line break", "position", "a line break"},
    [STATE_QUOTE] = {"inside quotes", "state",
                     "from an opening quotation mark to before the closing one"},
    [STATE_PARENTHESES] = {"inside parentheses", "state",
                           "from an opening parenthesis to before the closing one"},
    [STATE_QUESTION] = {"inside a question", "state",
                        "from the first word of a question to its question mark"},
    [STATE_NEGATION] = {"after a negation", "state",
                        "after not or never, to the end of the clause"},
    [STATE_RELATIVE] = {"inside a relative clause", "state",
                        "after that, to the end of the relative clause"},
    [STATE_CODE] = {"inside code", "state", "in the lines of a program"},
    [STATE_COMMENT] = {"inside a code comment", "state",
                       "from the comment sign of a program line to its end"},
    [STATE_RECIPE] = {"inside a recipe", "state", "anywhere in a recipe"},
    [STATE_LETTER] = {"inside a letter", "state", "anywhere in a letter"},
    [STATE_NUMBERED] = {"inside a numbered list", "state",
                        "from the first item's number to the list's last line break"},
    [STATE_BULLETED] = {"inside a bulleted list", "state",
                        "from the first item's dash to the list's last line break"},
    [STATE_DIARY] = {"inside a diary", "state", "anywhere in a diary"},
    [STATE_INTERVIEW] = {"inside an interview", "state", "anywhere in an interview"},
    [STATE_NEWS] = {"inside a news item", "state", "anywhere in a news item"},
    [LONG_SECOND_MENTION] = {"name again", "long-range",
                             "a person's name that this document has used before"},
    [LONG_DISTANT_AGREEMENT] = {"distant agreement", "long-range",
                                "a plural verb whose subject stands before another, singular noun"},
    [LONG_FEMALE_PRONOUN] = {"pronoun for a woman", "long-range",
                             "she or her, referring back to a named person"},
    [LONG_MALE_PRONOUN] = {"pronoun for a man", "long-range",
                           "he, him or his, referring back to a named person"},
    [LONG_PLURAL_PRONOUN] = {"pronoun for several", "long-range",
                             "they or their, referring back to a group"},
    [LONG_INGREDIENT_AGAIN] = {"ingredient again", "long-range",
                               "an ingredient that the recipe's list has named"},
    [LONG_VARIABLE_AGAIN] = {"variable again", "long-range",
                             "a variable that an earlier program line has named"},
    [LONG_SIGNATURE] = {"signature", "long-range", "the name that signs a letter"},
};

const world_concept *world_concepts(int *count)
{
    *count = CONCEPTS;
    return concepts;
}

concept_set concept_of_word(const char *text)
{
    concept_set found = {{0, 0}};
    for (int c = 0; c < WORD_CONCEPTS; c++)
        if (strcasecmp(text, concepts[c].name + strlen("word:")) == 0)
            concept_add(&found, c);
    return found;
}

concept_set concept_lasting(void)
{
    concept_set lasting = {{0, 0}};
    for (int c = 0; c < CONCEPTS; c++)
        if (strcmp(concepts[c].kind, "state") == 0 || strcmp(concepts[c].kind, "document") == 0)
            concept_add(&lasting, c);
    return lasting;
}
