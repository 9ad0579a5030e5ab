/* A survey of one feature, active where a test says. */
#ifndef TESTS_FEATURES_COMMON_BY_HAND_H
#define TESTS_FEATURES_COMMON_BY_HAND_H
#include "features/common_rig.h"
#include "features/survey.h"

typedef struct by_hand {
    rig rig;
    prompt_set prompts;
    survey survey;
    int feature;
    token_activation *active;
    size_t n;
    arena memory;
} by_hand;

/* Prompts get the BOS, token 0, which is a special one. At most `room` active tokens. */
void by_hand_open(by_hand *b, int room);
void by_hand_close(by_hand *b);
/* A prompt of one token per letter, where no "ca", "at", "do", "og" or space is in it. */
void by_hand_add(by_hand *b, const char *text);
/* Active tokens must be told in the order of the text. */
void by_hand_activate(by_hand *b, int prompt, int position, float value);
/* The token of a letter. */
int32_t by_hand_token(const by_hand *b, char letter);

#endif
