/* Every operation of a backend against the reference, over sizes that leave tails after lanes,
 * tiles and blocks. */
#ifndef TESTS_COMPUTE_COMMON_OPERATIONS_H
#define TESTS_COMPUTE_COMMON_OPERATIONS_H
#include "compute/backend.h"

/* be[0] is right; be[1] is held to it within a tolerance; the others give the bytes of be[1]. */
enum { MOST_CONTENDERS = 4 };
typedef struct contenders {
    backend *be[MOST_CONTENDERS];
    int n;
} contenders;

void check_rows(const contenders *all);
void check_activations(const contenders *all);
void check_widen(const contenders *all);
void check_stored_rows(const contenders *all);
void check_products(const contenders *all);
void check_beta_0(const contenders *all); /* a NaN in c does not show */
/* Nearly empty, full and in between, by one set of buffers. */
void check_sparse(const contenders *all);
void check_choice(const contenders *all); /* candidates ranked in blocks, with ties */
void check_rivals(const contenders *all);
void check_descent(const contenders *all); /* what optimised inputs pay, and how they move */
void check_attention(const contenders *all);
void check_heads(const contenders *all);
/* No entry of a backend's table is missing. */
void check_every_entry(const contenders *all);

/* A row of a product has the same bytes in any company: of up to `rows`. */
void check_company_of_rows(backend *be, int rows);
/* Attention of children against the reference's, and each alone gives the bytes it has among all.
 */
void check_children(backend *ref, backend *be);

#endif
