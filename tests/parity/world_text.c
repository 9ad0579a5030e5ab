/* Prints N documents of the built-in model's world, for scripts that train on text:
 *     make build && gcc -std=c11 -Isrc tests/parity/world_text.c build/release/train.a \
 *         build/release/base.a -lm -pthread -o /tmp/world_text && /tmp/world_text 4000 >text.txt */
#include "train/world.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    world *w = world_new();
    world_text text = {0};
    for (int i = 0; argc == 2 && i < atoi(argv[1]); i++) {
        world_document(&text, w, 1, (uint64_t)i);
        fputs(text.text.data, stdout);
    }
    world_text_release(&text);
    world_free(w);
    return argc != 2;
}
