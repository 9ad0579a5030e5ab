/* A rig, its token table and the setting that points at both. */
#include "test.h"

#include "base/memory.h"
#include "invert/common_bed.h"
#include <string.h>

static void make_table(bed *b)
{
    err e = {0};
    if (token_table_new(&b->table, b->r.model, b->r.tokenizer, NULL, &e))
        fail_msg("%s", e.text);
    b->set.table = b->table;
}

bed *bed_open(const char *backend_name, int threads, const char *hook_name, int bos)
{
    bed *b = mem_small(1, sizeof *b);
    b->r = rig_open(backend_name, threads, hook_name);
    b->set =
        (optimise_setting){.model = b->r.model, .sae = b->r.sae, .hook = &b->r.hook, .bos = bos};
    make_table(b);
    return b;
}

void bed_close(bed *b)
{
    whitening_free(b->white);
    token_table_free(b->table);
    rig_close(&b->r);
    arena_release(&b->memory);
    mem_free(b);
}

void bed_set_directions(bed *b, const float *w_FD, const float *b_F, int F)
{
    rig_set_directions(&b->r, w_FD, b_F, F);
    b->set.sae = b->r.sae;
}

void bed_whiten(bed *b)
{
    err e = {0};
    whitening_free(b->white);
    if (whitening_new(&b->white, b->table, &e))
        fail_msg("%s", e.text);
    b->set.whitening = b->white;
}

void bed_renew_table(bed *b)
{
    token_table_free(b->table);
    make_table(b);
    if (b->white)
        bed_whiten(b);
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
