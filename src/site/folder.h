/* What lies in a folder of reports. */
#ifndef SITE_FOLDER_H
#define SITE_FOLDER_H
#include "base/arena.h"
#include "base/err.h"
#include "results/run_summary.h"

/* What saeinv compare wrote. */
typedef struct folder_comparison {
    const char *name, *verdict;
    bool has_page;
} folder_comparison;

/* A folder with an index of its own, as saeinv run --seeds and saeinv index leave it. */
typedef struct folder_index {
    const char *name;
    int n_runs, n_flagged, n_comparisons; /* as its index.json says */
    const char *verdict;                  /* of its one comparison; "" of none or several */
    bool has_page;
} folder_index;

typedef struct report_folder {
    run_summary *runs;
    int n_runs;
    folder_comparison *comparisons;
    int n_comparisons;
    folder_index *indexes;
    int n_indexes;
    const char **others; /* folders that are none; those that start with a dot do not count */
    int n_others;
} report_folder;

/* Reads the folders in DIR in bytewise order, one record at a time; memory from `a`. E_IO. */
err_code folder_read(report_folder *out, arena *a, const char *dir, err *e);
/* Whether DIR holds an index that saeinv wrote. */
bool folder_has_index(const char *dir);
/* Runs that are not whole. */
int folder_flagged(const report_folder *f);

/* Writes DIR/index.json, and DIR/index.csv: every run with its state and headline figures. */
err_code folder_write_json(const char *dir, const report_folder *f, err *e);
err_code folder_write_csv(const char *dir, const report_folder *f, err *e);

/* The names of all headline figures of the runs, in the order they are first met; from `a`. */
const char **folder_figures(int *n, const report_folder *f, arena *a);

#endif
