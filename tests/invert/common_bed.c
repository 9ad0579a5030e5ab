/* A rig, its token table and the setting that points at both. */
#include "test.h"

#include "base/memory.h"
#include "invert/common_bed.h"
#include <string.h>

bed *bed_open(const char *backend_name, int threads, const char *hook_name, int bos)
{
    bed *b = mem_small(1, sizeof *b);
    err e = {0};
    b->r = rig_open(backend_name, threads, hook_name);
    if (token_table_new(&b->table, b->r.model, b->r.tokenizer, NULL, &e))
        fail_msg("%s", e.text);
    b->set = (optimise_setting){
        .model = b->r.model, .sae = b->r.sae, .hook = &b->r.hook, .table = b->table, .bos = bos};
    return b;
}

void bed_close(bed *b)
{
    token_table_free(b->table);
    rig_close(&b->r);
    mem_free(b);
}

void bed_set_directions(bed *b, const float *w_FD, const float *b_F, int F)
{
    rig_set_directions(&b->r, w_FD, b_F, F);
    b->set.sae = b->r.sae;
}

void bed_keep_candidates(bed *b, int n)
{
    assert_true(n <= b->table->n);
    b->table->n = n;
}

void bed_last(float *pre_F, bed *b, const int32_t *tokens, int n)
{
    int skip = b->set.bos >= 0, W = b->r.hook.width;
    int32_t row[RIG_CONTEXT] = {b->set.bos};
    memcpy(row + skip, tokens, (size_t)n * sizeof *row);
    float *h_TW = mem_small((size_t)(n + skip) * (size_t)W, sizeof *h_TW);
    rig_run(h_TW, &b->r, row, NULL, n + skip);
    sae_preactivations(pre_F, b->r.sae, ROW(h_TW, n + skip - 1, W), 1);
    mem_free(h_TW);
}
