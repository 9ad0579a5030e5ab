/* What a tokenizer is made of: shared by its loader, its encoder and its queries, nobody else. */
#ifndef DATA_TOKENIZER_PARTS_H
#define DATA_TOKENIZER_PARTS_H
#include "data/added_tokens.h"
#include "data/bpe.h"
#include "data/decoder.h"
#include "data/steps.h"
#include "data/tokenizer.h"
#include "data/vocab.h"

struct tokenizer {
    vocab vocab;
    added_tokens raw_added;        /* matched in the text as it came */
    added_tokens normalized_added; /* matched after normalisation */
    step_list steps;
    bpe bpe;
    decoder decoder;
    int bos; /* -1: none */
};

#endif
