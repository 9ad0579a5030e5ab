/* Payload: counts, figures, labels, medoids, map, and the three texts of the settings. */
#include "pipeline/cluster_store.h"
#include "base/memory.h"
#include "pipeline/store.h"
#include <string.h>

enum { CLUSTER_VERSION = 4 }; /* raised when the stage's arithmetic or file layout changes */

void cluster_store_key(const study *s, const float *x_ND, int n, int d, char key[SHA256_HEX])
{
    store_key k = store_key_start("cluster", CLUSTER_VERSION);
    int sizes[] = {n, d};
    store_key_bytes(&k, sizes, sizeof sizes);
    store_key_bytes(&k, x_ND, (size_t)n * (size_t)d * sizeof *x_ND);
    study_key_settings(&k, s, "cluster.");
    study_key_settings(&k, s, "run.seed");
    store_key_finish(&k, key);
}

static void put_text(str *payload, const char *text)
{
    size_t n = strlen(text);
    packed_put(payload, &n, 1, sizeof n);
    packed_put(payload, text, n, 1);
}

static const char *get_text(packed_reader *r, arena *a)
{
    size_t n;
    packed_get(r, &n, 1, sizeof n);
    if (n > r->left) {
        r->short_read = true;
        return "";
    }
    char *text = arena_push(a, n + 1, 1);
    packed_get(r, text, n, 1);
    return text;
}

void cluster_store_pack(str *payload, const study *s, int n)
{
    const clustering *k = &s->clusters;
    const double figures[] = {k->silhouette, k->noise_share, k->trustworthiness,
                              k->neighbour_overlap};
    const int counts[] = {k->n_clusters, k->n_neighbours, k->map_N2 != NULL};
    packed_put(payload, counts, COUNT_OF(counts), sizeof *counts);
    packed_put(payload, figures, COUNT_OF(figures), sizeof *figures);
    packed_put(payload, k->label_N, (size_t)n, sizeof *k->label_N);
    packed_put(payload, k->medoid_C, (size_t)k->n_clusters, sizeof *k->medoid_C);
    if (k->map_N2)
        packed_put(payload, k->map_N2, (size_t)n * 2, sizeof *k->map_N2);
    put_text(payload, k->space);
    put_text(payload, k->settings);
    put_text(payload, k->map_settings);
}

static bool unpack(study *s, int n, packed_reader *r)
{
    clustering k = {0};
    double figures[4];
    int counts[3];
    packed_get(r, counts, COUNT_OF(counts), sizeof *counts);
    packed_get(r, figures, COUNT_OF(figures), sizeof *figures);
    k.n_clusters = counts[0];
    k.n_neighbours = counts[1];
    if (k.n_clusters < 0 || k.n_clusters > n)
        return false;
    k.label_N = arena_push(&s->memory, (size_t)n, sizeof *k.label_N);
    k.medoid_C = arena_push(&s->memory, (size_t)k.n_clusters + 1, sizeof *k.medoid_C);
    packed_get(r, k.label_N, (size_t)n, sizeof *k.label_N);
    packed_get(r, k.medoid_C, (size_t)k.n_clusters, sizeof *k.medoid_C);
    if (counts[2]) {
        k.map_N2 = arena_push(&s->memory, (size_t)n * 2, sizeof *k.map_N2);
        packed_get(r, k.map_N2, (size_t)n * 2, sizeof *k.map_N2);
    }
    k.silhouette = figures[0];
    k.noise_share = figures[1];
    k.trustworthiness = figures[2];
    k.neighbour_overlap = figures[3];
    k.space = get_text(r, &s->memory);
    k.settings = get_text(r, &s->memory);
    k.map_settings = get_text(r, &s->memory);
    if (r->short_read || r->left)
        return false;
    s->clusters = k;
    return true;
}

bool cluster_store_unpack(study *s, int n, const str *payload)
{
    packed_reader r = packed_read(payload);
    return unpack(s, n, &r);
}
