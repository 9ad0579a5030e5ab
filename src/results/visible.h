/* Bytes of tokens as text that can be shown anywhere: always valid UTF-8, no control character, no
 * character that changes the direction or order of what stands around it, none that cannot be seen.
 *
 * A newline becomes U+21B5, a tab U+21E5; other controls, separators, zero-width and bidirectional
 * characters, private-use and non-characters become \u{HEX}; bytes that are not UTF-8 become \xNN.
 */
#ifndef RESULTS_VISIBLE_H
#define RESULTS_VISIBLE_H
#include "base/str.h"

typedef enum {
    VISIBLE_ALL,  /* every space is shown as U+2423: for a token on its own */
    VISIBLE_PROSE /* a single space between two others stays a space: for running text */
} visible_spaces;

void visible_add(str *out, const char *bytes, size_t n, visible_spaces spaces);
/* Only bytes from..to-1 of the n, which should not cut a character; what stands around them decides
 * whether a space is single. */
void visible_add_part(str *out, const char *bytes, size_t n, size_t from, size_t to,
                      visible_spaces spaces);

#endif
