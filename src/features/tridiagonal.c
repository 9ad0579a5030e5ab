/* Eigenvalues of a symmetric tridiagonal matrix by QL steps with implicit Wilkinson shifts
 * (Bowdler, Martin, Reinsch and Wilkinson 1968; Dubrulle, Martin and Wilkinson 1968). */
#include "base/memory.h"
#include "features/lanczos.h"
#include <float.h>
#include <math.h>

enum { STEPS_MAX = 60 }; /* per eigenvalue; two or three are usual */

/* Where the block that starts at `first` ends: the next off-diagonal that is negligible. */
static int block_end(const double *diagonal_M, const double *off_M, int first, int m)
{
    int end = first;
    for (; end < m - 1; end++) {
        double around = fabs(diagonal_M[end]) + fabs(diagonal_M[end + 1]);
        if (fabs(off_M[end]) <= DBL_EPSILON * around)
            break;
    }
    return end;
}

static void rotate_rows(double *upper_R, double *lower_R, double sine, double cosine, int r)
{
    for (int i = 0; i < r; i++) {
        double lower = lower_R[i];
        lower_R[i] = sine * upper_R[i] + cosine * lower;
        upper_R[i] = cosine * upper_R[i] - sine * lower;
    }
}

/* One implicit QL step on the block first .. end: chases the bulge up from the bottom. */
static void ql_step(double *diagonal_M, double *off_M, double *z_MR, int first, int end, int r)
{
    double half = (diagonal_M[first + 1] - diagonal_M[first]) / (2 * off_M[first]);
    double root = hypot(half, 1);
    double shift = diagonal_M[first] - off_M[first] / (half + copysign(root, half));
    double bulge = diagonal_M[end] - shift, sine = 1, cosine = 1, carried = 0;
    for (int i = end - 1; i >= first; i--) {
        double f = sine * off_M[i], b = cosine * off_M[i], length = hypot(f, bulge);
        off_M[i + 1] = length;
        if (!(length > 0)) { /* the block falls apart here: leave the rest to the next step */
            diagonal_M[i + 1] -= carried;
            off_M[end] = 0;
            return;
        }
        sine = f / length;
        cosine = bulge / length;
        double corner = diagonal_M[i + 1] - carried;
        double turned = (diagonal_M[i] - corner) * sine + 2 * cosine * b;
        carried = sine * turned;
        diagonal_M[i + 1] = corner + carried;
        bulge = cosine * turned - b;
        rotate_rows(ROW(z_MR, i, r), ROW(z_MR, i + 1, r), sine, cosine, r);
    }
    diagonal_M[first] -= carried;
    off_M[first] = bulge;
    off_M[end] = 0;
}

err_code tridiagonal_eigen(double *diagonal_M, double *off_M, double *z_MR, int m, int r, err *e)
{
    off_M[m - 1] = 0;
    for (int first = 0; first < m; first++) {
        int steps = 0;
        for (int end; (end = block_end(diagonal_M, off_M, first, m)) != first; steps++) {
            if (steps == STEPS_MAX)
                return err_set(e, E_NUMERIC,
                               "eigenvalue %d of %d did not converge in %d steps; "
                               "the data holds values of extreme size",
                               first, m, STEPS_MAX);
            ql_step(diagonal_M, off_M, z_MR, first, end, r);
        }
    }
    return OK;
}
