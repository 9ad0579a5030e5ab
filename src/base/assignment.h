/* Which row goes with which column, one to one, so that the sum is as large as can be. */
#ifndef BASE_ASSIGNMENT_H
#define BASE_ASSIGNMENT_H

/* value_NM: what each of N rows has with each of M columns; all finite. column_of_N: the column of
 * every row, or -1 for the N - M rows that find none when M < N; of all one-to-one pairings of
 * min(N, M) rows and columns this one has the largest sum of values. Two pairings of one sum: the
 * same one each time. Exact, O(min(N, M)^2 max(N, M)) (Kuhn, "The Hungarian method for the
 * assignment problem", Naval Research Logistics Quarterly 2, 1955; by shortest augmenting paths as
 * in Jonker and Volgenant, Computing 38, 1987). */
void assignment_maximise(int *column_of_N, const double *value_NM, int N, int M);

#endif
