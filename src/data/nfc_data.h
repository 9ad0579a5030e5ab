/* The Unicode tables that NFC needs; nfc_data.c is generated. */
#ifndef DATA_NFC_DATA_H
#define DATA_NFC_DATA_H
#include <stdint.h>

/* `code` decomposes canonically into first and second (0: into first alone). */
typedef struct nfc_pair {
    uint32_t code, first, second;
} nfc_pair;

/* Code points first .. last have this combining class; all others have class 0. */
typedef struct nfc_class {
    uint32_t first, last;
    int combining_class;
} nfc_class;

extern const int NFC_N_PAIRS, NFC_N_COMPOSING, NFC_N_CLASSES, NFC_N_LATE;
extern const nfc_pair NFC_PAIRS[];     /* sorted by code */
extern const uint16_t NFC_COMPOSING[]; /* places in NFC_PAIRS that also compose, by first, second */
extern const uint32_t NFC_LATE[];      /* of class 0, yet tied to what stands before; sorted */
extern const nfc_class NFC_CLASSES[];  /* sorted */

#endif
