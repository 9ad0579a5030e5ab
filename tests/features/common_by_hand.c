/* A survey of one feature, active where a test says. */
#include "test.h"
#include "features/common_by_hand.h"
#include "base/memory.h"
#include <string.h>

void by_hand_open(by_hand *b, int room)
{
    *b = (by_hand){.rig = rig_open("ref", 1, "hook_embed"), .feature = 4};
    b->prompts = (prompt_set){.bos = 0, .min_tokens = 1, .max_tokens = 100};
    b->active = mem_small((size_t)room, sizeof *b->active);
    b->survey =
        (survey){.n_features = 1, .features = &b->feature, .active = &b->active, .n_active = &b->n};
}

void by_hand_close(by_hand *b)
{
    mem_free(b->active);
    prompts_release(&b->prompts);
    rig_close(&b->rig);
    arena_release(&b->memory);
}

void by_hand_add(by_hand *b, const char *text)
{
    err e = {0};
    if (prompts_add(&b->prompts, b->rig.tokenizer, text, strlen(text), &e))
        fail_msg("%s", e.text);
}

void by_hand_activate(by_hand *b, int prompt, int position, float value)
{
    b->active[b->n++] = (token_activation){.prompt = prompt, .position = position, .value = value};
}

int32_t by_hand_token(const by_hand *b, char letter)
{
    const char text[2] = {letter, '\0'};
    return tokenizer_find(b->rig.tokenizer, text);
}
