/* What clustering found as bytes to keep (pipeline/store.h), and back. */
#ifndef PIPELINE_CLUSTER_STORE_H
#define PIPELINE_CLUSTER_STORE_H
#include "pipeline/study.h"

/* The key of a clustering: the vectors themselves, every cluster.* setting and the seed. */
void cluster_store_key(const study *s, const float *x_ND, int n, int d, char key[SHA256_HEX]);
/* s->clusters without its scores, which are selection's. */
void cluster_store_pack(str *payload, const study *s, int n);
/* Fills s->clusters; false, and it is as before, when the payload is not of n vectors. */
bool cluster_store_unpack(study *s, int n, const str *payload);

#endif
