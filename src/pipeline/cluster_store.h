/* What clustering found, kept for the next run. */
#ifndef PIPELINE_CLUSTER_STORE_H
#define PIPELINE_CLUSTER_STORE_H
#include "pipeline/study.h"

/* The key of a clustering: the vectors themselves, every cluster.* setting and the seed. */
void cluster_store_key(const study *s, const float *x_ND, int n, int d, char key[SHA256_HEX]);
/* Keeps s->clusters without its scores, which are selection's. */
err_code cluster_store_save(study *s, int n, const char *key, err *e);
/* True and s->clusters filled when a clustering with this key was kept and may be used. */
bool cluster_store_load(study *s, int n, const char *key);

#endif
