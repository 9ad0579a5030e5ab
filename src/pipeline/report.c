/* The record, part by part; what the run's last stage did not reach is left empty. */
#include "pipeline/report.h"

err_code report_fill(record *r, study *s, err *e)
{
    *r = (record){0};
    report_run(r, s);
    err_code rc = report_training(r, s, e);
    if (rc)
        return rc;
    report_filters(r, s);
    report_features(r, s);
    if (s->clusters.label_N)
        report_clusters(r, s);
    if (s->optima)
        report_targets(r, s);
    return OK;
}

record_bytes report_token(const study *s, int id)
{
    const char *bytes;
    size_t n;
    tokenizer_bytes(s->tokenizer, id, &bytes, &n);
    return (record_bytes){.bytes = bytes, .n = (int)n};
}
