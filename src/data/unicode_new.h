/* Characters that are newer than the regular expression library may be; unicode_new.c is generated.
 */
#ifndef DATA_UNICODE_NEW_H
#define DATA_UNICODE_NEW_H
#include <stdint.h>

/* Code points first .. last are of this general category ("Lu"); "17": numbers of Unicode 17. */
typedef struct unicode_range {
    uint32_t first, last;
    char category[3];
} unicode_range;

extern const int UNICODE_N_NEW;
extern const unicode_range UNICODE_NEW[];

#endif
