/* Pickles spelled readably, for tests. */
#ifndef TESTS_DATA_COMMON_PICKLE_H
#define TESTS_DATA_COMMON_PICKLE_H
#include "base/str.h"

/* Replaces what `out` held by the pickle that the words spell:
 *   P protocol 2          'text' string          12 -3 integers        0.5 number
 *   module:name global    T F N true false None  t1 t2 t3 TUPLE1..3    q5 h5 memo put and get
 *   x80 that byte         any other character: that opcode  ( ) ] } t R Q s u a e b .   */
void pickle_build(str *out, const char *words);

#endif
