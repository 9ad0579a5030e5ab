/* What the tests of files of tensors share. */
#ifndef TESTS_DATA_COMMON_TENSORS_H
#define TESTS_DATA_COMMON_TENSORS_H
#include "base/err.h"
#include "data/tensor_file.h"
#include <stddef.h>

/* Parses a copy that ends where its memory ends and starts at an odd address, so that the
 * sanitizers see every read outside and every cast to a wider type; loads every tensor that has
 * floats. */
err_code parse_tensors(const void *data, size_t n, err *e);
/* The values of the tensor, which must have this shape, are i / 4 + first, i counted row-major
 * (tests/parity/export_containers.py). */
void check_values(const tensor_file *f, const char *name, float first, int rank,
                  const int64_t *shape);
/* Opens tests/data/fixtures/containers/NAME, which must work. Owner: caller. */
tensor_file open_container(const char *name);
/* Opens it, which must fail with E_FORMAT and these parts ("|" between them) in the message. */
void check_refused(const char *name, const char *parts);

#endif
