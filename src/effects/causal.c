/* Prompts of one feature, some at a time: a clean run, then one for each change. */
#include "effects/causal.h"
#include "base/memory.h"
#include "effects/distribution.h"
#include "features/peaks.h"
#include <math.h>
#include <string.h>

enum { LOGIT_NUMBERS = 1 << 24 }; /* of a batch, unless one prompt alone has more */

struct causal_runner {
    const effect_setting *s;
    backend *be;
    pool *workers;
    forward *pass;
    int B, T, V, W;
    int32_t *tokens_BT;
    bool *counted_T;
    float *row_W, *clean_BTW, *value_BTW, *logits_RV; /* backend */
    float *host_clean_RV, *host_changed_RV; /* of looked_R; ordinary memory, as all below */
    double *clean_log_sum_R;
    float *added_BT; /* activation times what the decoder's output is scaled by; 0: silent */
    float *scale_BT;
    int *looked_R; /* rows of the batch whose logits are looked at, R at most B * T: active ones,
                      then later ones */
    int32_t *targets_R;
    row_change *compared_R;
    double *log_n[EFFECT_CHANGES], *probability_n[EFFECT_CHANGES]; /* sums over active tokens */
};

double change_factor(effect_change which)
{
    return which == CHANGE_REMOVED ? 0 : 2;
}

void causal_runner_free(causal_runner *r)
{
    if (!r)
        return;
    forward_free(r->pass);
    r->be->free(r->be, r->row_W);
    r->be->free(r->be, r->clean_BTW);
    r->be->free(r->be, r->value_BTW);
    r->be->free(r->be, r->logits_RV);
    void *arrays[] = {r->tokens_BT,        r->counted_T,       r->host_clean_RV, r->host_changed_RV,
                      r->clean_log_sum_R,  r->added_BT,        r->scale_BT,      r->looked_R,
                      r->targets_R,        r->compared_R,      r->log_n[0],      r->log_n[1],
                      r->probability_n[0], r->probability_n[1]};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        mem_free(arrays[i]);
    mem_free(r);
}

static err_code allocate(causal_runner *r, err *e)
{
    size_t N = (size_t)r->B * (size_t)r->T, V = (size_t)r->V, W = (size_t)r->W;
    r->tokens_BT = mem_small(N, sizeof *r->tokens_BT);
    r->counted_T = mem_small((size_t)r->T, sizeof *r->counted_T);
    r->added_BT = mem_small(N, sizeof *r->added_BT);
    r->scale_BT = mem_small(N, sizeof *r->scale_BT);
    r->looked_R = mem_small(N, sizeof *r->looked_R);
    r->targets_R = mem_small(N, sizeof *r->targets_R);
    r->clean_log_sum_R = mem_small(N, sizeof *r->clean_log_sum_R);
    r->compared_R = mem_small(N, sizeof *r->compared_R);
    for (int k = 0; k < EFFECT_CHANGES; k++) {
        r->log_n[k] = mem_small((size_t)r->s->n, sizeof **r->log_n);
        r->probability_n[k] = mem_small((size_t)r->s->n, sizeof **r->probability_n);
    }
    r->host_clean_RV = mem_array(N * V, sizeof(float), "logits", e);
    r->host_changed_RV = mem_array(N * V, sizeof(float), "logits", e);
    if (!r->host_clean_RV || !r->host_changed_RV)
        return e->code;
    r->row_W = r->be->alloc(r->be, W, sizeof(float), "a decoder row", e);
    if (r->row_W)
        r->clean_BTW = r->be->alloc(r->be, N * W, sizeof(float), "clean activations", e);
    if (r->clean_BTW)
        r->value_BTW = r->be->alloc(r->be, N * W, sizeof(float), "changed activations", e);
    if (r->value_BTW)
        r->logits_RV = r->be->alloc(r->be, N * V, sizeof(float), "logits", e);
    return r->logits_RV ? OK : e->code;
}

err_code causal_runner_new(causal_runner **out, const effect_setting *s, err *e)
{
    *out = NULL;
    if (!hook_is_writable(s->write))
        return err_set(e, E_CONFIG, "%s can only be looked at, nothing can be put in its place",
                       s->write->name);
    causal_runner *r = mem_small(1, sizeof *r);
    *r = (causal_runner){.s = s,
                         .be = model_backend(s->model),
                         .workers = model_backend(s->model)->pool,
                         .T = prompts_longest(s->prompts),
                         .V = model_describe(s->model)->d_vocab,
                         .W = s->write->width};
    int fit = (int)(LOGIT_NUMBERS / ((int64_t)r->T * r->V));
    r->B = fit < 1 ? 1 : fit < s->batch_size ? fit : s->batch_size;
    err_code rc = allocate(r, e);
    if (!rc)
        rc = forward_new(&r->pass, s->model, r->B, r->T, NULL, FORWARD_ONLY, e);
    if (!rc)
        rc = forward_keep(r->pass, s->write, e);
    if (rc)
        causal_runner_free(r);
    else
        *out = r;
    return rc;
}

/* ---- a batch -----------------------------------------------------------------------------------
 */

/* Tokens and activations of some prompts. Returns the batch's length. */
static int fill_batch(causal_runner *r, const causal_job *job, const prompt_peak *peaks, int B)
{
    const prompt_set *p = r->s->prompts;
    int T = 1;
    for (int b = 0; b < B; b++)
        T = prompts_length(p, peaks[b].prompt) > T ? prompts_length(p, peaks[b].prompt) : T;
    memset(r->added_BT, 0, (size_t)B * (size_t)T * sizeof *r->added_BT);
    for (int b = 0; b < B; b++) {
        const int32_t *tokens = prompts_tokens(p, peaks[b].prompt);
        const token_activation *active = job->surveyed->active[job->which] + peaks[b].first;
        int length = prompts_length(p, peaks[b].prompt);
        for (int t = 0; t < T; t++)
            ROW(r->tokens_BT, b, T)[t] = t < length ? tokens[t] : tokens[0];
        for (size_t i = 0; i < peaks[b].n; i++)
            ROW(r->added_BT, b, T)[active[i].position] = active[i].value;
    }
    return T;
}

static void look_at(causal_runner *r, int at, int row, int32_t target)
{
    r->looked_R[at] = row;
    r->targets_R[at] = target;
}

/* Active tokens of the batch, or counted silent ones after a prompt's first active one. */
static int list_tokens(causal_runner *r, int at, const causal_job *job, const prompt_peak *peaks,
                       int B, int T, bool active)
{
    const prompt_set *p = r->s->prompts;
    int n = 0;
    for (int b = 0; b < B; b++) {
        const int32_t *tokens = prompts_tokens(p, peaks[b].prompt);
        int length = prompts_length(p, peaks[b].prompt);
        prompts_counted(r->counted_T, p, r->s->tokenizer, peaks[b].prompt);
        for (int t = job->surveyed->active[job->which][peaks[b].first].position; t < length; t++) {
            bool is_active = ROW(r->added_BT, b, T)[t] > 0;
            if (is_active == active && (active || r->counted_T[t]))
                look_at(r, at + n++, b * T + t, t + 1 < length ? tokens[t + 1] : -1);
        }
    }
    return n;
}

/* Logits of the rows that are looked at. */
static err_code read_logits(float *host_RV, causal_runner *r, int R, err *e)
{
    err_code rc = forward_logits_of(r->logits_RV, r->pass, r->looked_R, R, e);
    if (!rc)
        r->be->download(r->be, host_RV, r->logits_RV, (size_t)R * (size_t)r->V * sizeof(float));
    return rc ? rc : backend_sync(r->be, e);
}

/* The decoder's output is scaled by each row's own spread where the SAE normalises its input. */
static err_code apply_scale(causal_runner *r, int B, int T, err *e)
{
    const sae_config *c = sae_describe(r->s->sae);
    if (c->normalization == SAE_NORMALIZE_NONE || c->transcoder)
        return OK;
    err_code rc = forward_tokens(r->pass, r->tokens_BT, B, T, r->s->read, e);
    if (!rc)
        rc = sae_output_scale(r->scale_BT, r->s->sae, forward_hook(r->pass), B * T, e);
    for (int i = 0; i < B * T && !rc; i++)
        r->added_BT[i] *= r->scale_BT[i];
    return rc;
}

/* Logits with the feature's activation multiplied by `factor`; 1 is the clean run. The pass was run
 * to the hook. */
static err_code run_changed(float *host_RV, causal_runner *r, const causal_job *job, int N, int R,
                            double factor, err *e)
{
    size_t W = (size_t)r->W;
    r->be->copy(r->be, r->value_BTW, r->clean_BTW, (size_t)N * W * sizeof(float));
    for (int row = 0; row < N && factor != 1; row++) {
        double much = (factor - 1) * job->per_activation * (double)r->added_BT[row];
        if (r->added_BT[row] > 0)
            r->be->axpy(r->be, ROW(r->value_BTW, row, W), (float)much, r->row_W, W);
    }
    err_code rc = forward_splice(r->pass, r->value_BTW, e);
    return rc ? rc : read_logits(host_RV, r, R, e);
}

/* The clean run: to the hook, where its value is kept, then to the logits. */
static err_code run_clean(causal_runner *r, const causal_job *job, int B, int T, int R, err *e)
{
    err_code rc = apply_scale(r, B, T, e);
    if (!rc)
        rc = forward_tokens(r->pass, r->tokens_BT, B, T, r->s->write, e);
    if (rc)
        return rc;
    r->be->copy(r->be, r->clean_BTW, forward_hook(r->pass),
                (size_t)(B * T) * (size_t)r->W * sizeof(float));
    rc = run_changed(r->host_clean_RV, r, job, B * T, R, 1, e);
    if (!rc)
        log_sums(r->clean_log_sum_R, r->host_clean_RV, R, r->V, r->workers);
    return rc;
}

static void compare(causal_runner *r, int R)
{
    compare_rows(r->compared_R, r->host_clean_RV, r->host_changed_RV, r->clean_log_sum_R,
                 r->targets_R, R, r->V, r->workers);
}

static void add_rows(double *kl, double *loss, const row_change *compared_R, int R)
{
    for (int i = 0; i < R; i++) {
        *kl += compared_R[i].kl;
        *loss += compared_R[i].loss;
    }
}

static int64_t count_targets(const int32_t *targets_R, int R)
{
    int64_t n = 0;
    for (int i = 0; i < R; i++)
        n += targets_R[i] >= 0;
    return n;
}

/* Adds the sums of a batch to `out`. */
static err_code run_batch(causal_effect *out, causal_runner *r, const causal_job *job,
                          const prompt_peak *peaks, int B, err *e)
{
    int T = fill_batch(r, job, peaks, B), n_active = list_tokens(r, 0, job, peaks, B, T, true);
    int n_later = list_tokens(r, n_active, job, peaks, B, T, false), R = n_active + n_later;
    err_code rc = run_clean(r, job, B, T, R, e);
    for (int k = 0; k < EFFECT_CHANGES && !rc; k++) {
        change_effect *c = &out->changes[k];
        rc = run_changed(r->host_changed_RV, r, job, B * T, R, change_factor((effect_change)k), e);
        if (rc)
            break;
        compare(r, R);
        add_rows(&c->kl_active, &c->loss_active, r->compared_R, n_active);
        add_rows(&c->kl_later, &c->loss_later, r->compared_R + n_active, n_later);
        add_token_changes(r->log_n[k], r->probability_n[k], r->host_clean_RV, r->host_changed_RV,
                          r->compared_R, n_active, r->s->ids_n, r->s->n, r->V, r->workers);
        rc = cancel_check(e);
    }
    out->n_prompts += B;
    out->n_active += n_active;
    out->n_later += n_later;
    out->n_active_losses += count_targets(r->targets_R, n_active);
    out->n_later_losses += count_targets(r->targets_R + n_active, n_later);
    return rc;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

/* Of n peaks, strongest first, `most` at even ranks from the first on; in place. */
static int choose(prompt_peak *peaks, int n, int most)
{
    if (n <= most)
        return n;
    for (int i = 0; i < most; i++)
        peaks[i] = peaks[(int64_t)i * n / most];
    return most;
}

static int index_of(const effect_setting *s, int32_t id)
{
    int low = 0, high = s->n - 1;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (s->ids_n[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many of the listed tokens moved to the side of `sign`. */
static int count_right(const ranked_token *list, int n, const double *change_n,
                       const effect_setting *s, int sign)
{
    int right = 0;
    for (int i = 0; i < n; i++)
        right += sign * change_n[index_of(s, list[i].id)] > 0;
    return right;
}

static double mean(double sum, int64_t n)
{
    return n ? sum / (double)n : (double)NAN;
}

static void conclude(causal_effect *out, causal_runner *r, const causal_job *job)
{
    const effect_setting *s = r->s;
    for (int k = 0; k < EFFECT_CHANGES; k++) {
        change_effect *c = &out->changes[k];
        int sign = change_factor((effect_change)k) > 1 ? 1 : -1;
        c->kl_active = mean(c->kl_active, out->n_active);
        c->kl_later = mean(c->kl_later, out->n_later);
        c->loss_active = mean(c->loss_active, out->n_active_losses);
        c->loss_later = mean(c->loss_later, out->n_later_losses);
        c->rank_correlation = (double)NAN;
        if (!job->logit_n || !out->n_active)
            continue;
        c->raised_right = count_right(job->ends->highest, job->ends->n, r->log_n[k], s, sign);
        c->lowered_right = count_right(job->ends->lowest, job->ends->n, r->log_n[k], s, -sign);
        c->rank_correlation = sign * rank_correlation(job->logit_n, r->log_n[k], s->n);
    }
    if (!out->n_active)
        return;
    double *moved_n = r->probability_n[CHANGE_DOUBLED];
    for (int i = 0; i < s->n; i++)
        moved_n[i] /= (double)out->n_active;
    out->moved = find_token_ends(s->ids_n, moved_n, s->n);
}

/* The feature's active tokens of a prompt, none: n 0. */
static prompt_peak peak_of(const causal_job *job, int prompt)
{
    const token_activation *list = job->surveyed->active[job->which];
    size_t n = job->surveyed->n_active[job->which];
    prompt_peak found = {.prompt = prompt};
    while (found.first < n && list[found.first].prompt != prompt)
        found.first++;
    while (found.first + found.n < n && list[found.first + found.n].prompt == prompt)
        found.n++;
    return found;
}

err_code causal_trace(float *change_T, causal_runner *r, const causal_job *job, int prompt, err *e)
{
    prompt_peak peak = peak_of(job, prompt);
    int length = prompts_length(r->s->prompts, prompt);
    memset(change_T, 0, (size_t)length * sizeof *change_T);
    if (!peak.n)
        return OK;
    r->be->upload(r->be, r->row_W, job->row_O, (size_t)r->W * sizeof(float));
    fill_batch(r, job, &peak, 1);
    const int32_t *tokens = prompts_tokens(r->s->prompts, prompt);
    int first = job->surveyed->active[job->which][peak.first].position, R = length - 1 - first;
    for (int i = 0; i < R; i++) /* nothing has changed before the first active token */
        look_at(r, i, first + i, tokens[first + i + 1]);
    err_code rc = run_clean(r, job, 1, length, R, e);
    if (!rc)
        rc = run_changed(r->host_changed_RV, r, job, length, R, change_factor(CHANGE_REMOVED), e);
    if (rc)
        return rc;
    compare(r, R);
    for (int i = 0; i < R; i++)
        change_T[first + i + 1] = (float)r->compared_R[i].loss;
    return cancel_check(e);
}

err_code causal_measure(causal_effect *out, causal_runner *r, const causal_job *job,
                        int most_prompts, err *e)
{
    *out = (causal_effect){0};
    for (int k = 0; k < EFFECT_CHANGES; k++) {
        memset(r->log_n[k], 0, (size_t)r->s->n * sizeof **r->log_n);
        memset(r->probability_n[k], 0, (size_t)r->s->n * sizeof **r->probability_n);
    }
    r->be->upload(r->be, r->row_W, job->row_O, (size_t)r->W * sizeof(float));
    prompt_peak *peaks;
    int n = find_peaks(&peaks, job->surveyed, job->which);
    n = choose(peaks, n, most_prompts);
    err_code rc = OK;
    for (int at = 0; at < n && !rc; at += r->B)
        rc = run_batch(out, r, job, peaks + at, n - at < r->B ? n - at : r->B, e);
    mem_free(peaks);
    if (!rc)
        conclude(out, r, job);
    return rc;
}
