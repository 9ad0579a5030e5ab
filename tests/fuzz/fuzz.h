/* A fuzz target: one file that parses bytes from anywhere and uses what came out. Linked with
 * clang's libFuzzer it searches for bytes that do harm (make fuzz, tests/fuzz/run.sh); linked with
 * replay.c it runs the bytes found so far (make test). */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H
#include "data/tensor_file.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The name of the target's folder in tests/fuzz/corpus. */
extern const char fuzz_target[];
/* Returns 0, or -1 for bytes that are not worth keeping. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What must hold for any input; a broken promise is a find as a crash is. */
#define PROMISE(holds)                                                                             \
    do {                                                                                           \
        if (!(holds))                                                                              \
            abort();                                                                               \
    } while (0)

/* Looks at every tensor of an open file as its users do, then closes it. */
void fuzz_use_tensors(tensor_file *f);
/* A message is there, ends, and is text that a terminal may see. */
void fuzz_check_message(const err *e, err_code code);

#endif
