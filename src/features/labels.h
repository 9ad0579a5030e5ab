/* Cluster labels: one int per row, 0 .. C-1, or LABEL_NOISE for a row of no cluster. */
#ifndef FEATURES_LABELS_H
#define FEATURES_LABELS_H

enum { LABEL_NOISE = -1 };

/* Renumbers in place so that clusters are ordered by their smallest row; any negative label becomes
 * LABEL_NOISE. Labels in must be below 2 N. Returns C. */
int labels_renumber(int *label_N, int n);
/* The number of noise rows. */
int labels_noise(const int *label_N, int n);

#endif
