/* Lines of an inspection. Private to inspect_*.c. */
#ifndef PIPELINE_INSPECT_TEXT_H
#define PIPELINE_INSPECT_TEXT_H
#include "base/str.h"

/* "  name        text", the text as printf makes it, control characters shown as "?". */
void inspect_line(str *out, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "134.2 MB" (a million bytes); returns buf. */
enum { BYTES_TEXT = 32 };
const char *bytes_text(char buf[BYTES_TEXT], double bytes);

#endif
