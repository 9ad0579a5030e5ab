/* DBSCAN (Ester, Kriegel, Sander and Xu 1996), labels as scikit-learn 1.9 gives them, and a search
 * for eps.
 *
 * One density tree answers every eps at once: rows with core distance <= eps are core rows, their
 * clusters are the parts left when longer edges are cut, and every neighbour within eps of a row
 * that is not core stands among its min_samples - 1 nearest. */
#ifndef FEATURES_DBSCAN_H
#define FEATURES_DBSCAN_H
#include "features/density.h"

typedef struct dbscan_options {
    double eps;      /* > 0: rows at most this far apart are neighbours; no default */
    int min_samples; /* >= 1: neighbours a core row has, ITSELF INCLUDED; default 5 */
    metric metric;   /* default METRIC_EUCLIDEAN */
} dbscan_options;

typedef struct dbscan_result {
    int n, n_clusters, *label_N; /* by smallest row; LABEL_NOISE */
} dbscan_result;

dbscan_options dbscan_defaults(void);
/* A row reachable from several clusters joins the one whose first core row comes first, as in
 * scikit-learn. E_CONFIG for options out of range; else as points_init() and density_build().
 * The same bytes for any pool, which may be NULL. Owner: caller, dbscan_release(). */
err_code dbscan_cluster(dbscan_result *out, const float *x_ND, int n, int d,
                        const dbscan_options *options, pool *workers, err *e);
void dbscan_release(dbscan_result *r);

/* One tried eps. score = silhouette averaged over ALL rows, noise counting 0: it falls both when
 * clusters blur and when rows are given up as noise. 0 with fewer than two clusters. */
typedef struct dbscan_trial {
    double eps, noise_share, score;
    int n_clusters;
} dbscan_trial;

enum { DBSCAN_TRIALS_MAX = 19 };
typedef struct dbscan_search {
    int n_trials, best; /* trials by rising eps; best indexes them */
    dbscan_trial trials[DBSCAN_TRIALS_MAX];
} dbscan_search;

/* Tries the 5%, 10% .. 95% quantiles of the distance to the (min_samples - 1)-th nearest other row
 * (the "k-distance" of the 1996 paper; with min_samples 1, to the nearest), equal ones once, zeros
 * skipped, and takes the best score; of equal scores the one with less noise, then the smaller eps.
 * options->eps is not read. E_DATA when all these quantiles are 0 (nearly all rows have equals), or
 * N < 2. `out` receives the clustering at the best eps. O(N^2 (D + trials)). */
err_code dbscan_search_eps(dbscan_result *out, dbscan_search *search, const float *x_ND, int n,
                           int d, const dbscan_options *options, pool *workers, err *e);

#endif
