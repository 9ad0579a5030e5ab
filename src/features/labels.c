/* The one order of cluster labels that every method here hands out. */
#include "features/labels.h"
#include "base/memory.h"

int labels_renumber(int *label_N, int n)
{
    int *renamed = mem_small((size_t)n * 2, sizeof *renamed), n_clusters = 0;
    for (int i = 0; i < n; i++) {
        if (label_N[i] < 0) {
            label_N[i] = LABEL_NOISE;
            continue;
        }
        int *name = &renamed[label_N[i]];
        if (*name == 0)
            *name = ++n_clusters; /* 0 stands for not seen */
        label_N[i] = *name - 1;
    }
    mem_free(renamed);
    return n_clusters;
}

int labels_noise(const int *label_N, int n)
{
    int noise = 0;
    for (int i = 0; i < n; i++)
        noise += label_N[i] < 0;
    return noise;
}
