/* The record, part by part; what the run's last stage did not reach is left empty. */
#include "pipeline/report.h"
#include "base/memory.h"
#include "pipeline/report_effects.h"
#include "pipeline/report_search.h"

err_code report_fill(record *r, study *s, err *e)
{
    *r = (record){.schema = RECORD_SCHEMA};
    report_run(r, s);
    err_code rc = report_training(r, s, e);
    if (rc)
        return rc;
    report_filters(r, s);
    report_features(r, s);
    if (s->clusters.label_N)
        report_clusters(r, s);
    if (!s->optima)
        return OK;
    report_targets(r, s);
    report_effects(r, s);
    if (s->rules.targets)
        rc = report_rules(r, s, e);
    return rc ? rc : report_search(r, s, e);
}

record_bytes report_token(const study *s, int id)
{
    const char *bytes;
    size_t n;
    tokenizer_bytes(s->tokenizer, id, &bytes, &n);
    return (record_bytes){.bytes = bytes, .n = (int)n};
}

record_bytes report_text(study *s, const int32_t *tokens, int n)
{
    str text = {0};
    int *ids = mem_small((size_t)n + 1, sizeof *ids);
    for (int i = 0; i < n; i++)
        ids[i] = tokens[i];
    tokenizer_decode(&text, s->tokenizer, ids, (size_t)n);
    mem_free(ids);
    return record_take_bytes(&text, &s->memory);
}
