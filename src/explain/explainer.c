/* From cases to sentences and their scores, one question after another. */
#include "explain/explainer.h"
#include "base/memory.h"
#include <string.h>

enum { BYTES_A_TOKEN = 3 };

static bool is_active(const explainer_passage *w)
{
    for (int i = 0; i < w->n_tokens; i++)
        if (w->activations[i] > 0)
            return true;
    return false;
}

static int asked_at_once(const explainer_case *c, int from)
{
    int left = c->n_windows - from;
    return left < EXPLAINER_WINDOWS ? left : EXPLAINER_WINDOWS;
}

/* ---- beforehand -------------------------------------------------------------------------------
 */

/* Counts the question; true and the answer when it is kept. */
static bool plan_question(explainer_estimate *p, str *answer, const explainer_setting *s,
                          const chat_question *q)
{
    p->n_requests++;
    if (chat_recall(answer, s->chat, q))
        return true;
    p->n_missing++;
    p->input_tokens += (double)(chat_request_bytes(s->chat, q) / BYTES_A_TOKEN + 1);
    p->output_tokens += s->max_tokens;
    return false;
}

/* Of a sentence that is not known yet the windows are planned with the longest there can be. */
static void plan_case(explainer_estimate *p, const explainer_setting *s, const explainer_case *c,
                      arena *a)
{
    str answer = {0}, sentence = {0};
    chat_question q = explainer_ask_sentence(c, s->tokenizer, a);
    answer_fault fault = ANSWER_FINE;
    if (plan_question(p, &answer, s, &q))
        fault = answer_read_sentence(&sentence, str_text(&answer));
    else
        while (sentence.len < EXPLAINER_LONGEST_SENTENCE)
            str_add_char(&sentence, 'x');
    for (int i = 0; i < c->n_windows && !fault; i += EXPLAINER_WINDOWS) {
        q = explainer_ask_windows(str_text(&sentence), &c->windows[i], asked_at_once(c, i),
                                  s->tokenizer, a);
        plan_question(p, &answer, s, &q);
    }
    str_release(&answer);
    str_release(&sentence);
}

explainer_estimate explainer_plan(const explainer_setting *s, const explainer_case *cases, int n)
{
    explainer_estimate p = {0};
    for (int i = 0; i < n; i++) {
        arena scratch = {0};
        if (cases[i].n_examples)
            plan_case(&p, s, &cases[i], &scratch);
        arena_release(&scratch);
    }
    p.cost = (p.input_tokens * s->prices.input + p.output_tokens * s->prices.output) / 1e6;
    return p;
}

static void announce(const explainer_estimate *p, const explainer_setting *s)
{
    if (p->n_missing == 0) {
        report_line(s->reporter, "explainer  all of %d answers are kept, nothing is sent",
                    p->n_requests);
        return;
    }
    report_line(s->reporter,
                "explainer  %d of %d answers are not kept: some %.0f tokens to send, at most %.0f "
                "to be answered",
                p->n_missing, p->n_requests, p->input_tokens, p->output_tokens);
    if (s->prices.input > 0 || s->prices.output > 0)
        report_line(s->reporter, "           cost at most %.4g, as explainer.*_price say", p->cost);
    else
        report_line(s->reporter, "           cost unknown: explainer.*_price are 0");
}

static err_code check_plan(const explainer_estimate *p, const explainer_setting *s, err *e)
{
    if (p->cost > s->prices.most)
        return err_set(e, E_CONFIG,
                       "explainer.max_cost: what is still to be asked may cost %.4g, more than "
                       "%.4g; raise it, or lower explainer.features or explainer.windows",
                       p->cost, s->prices.most);
    return p->n_missing ? chat_check_key(s->chat, e) : OK;
}

/* ---- asking -----------------------------------------------------------------------------------
 */

typedef struct explaining {
    const explainer_setting *setting;
    progress bar;
    long n_asked;
    str answer, sentence;
} explaining;

static err_code ask(explaining *x, const chat_question *q, err *e)
{
    err_code rc = chat_ask(&x->answer, x->setting->chat, q, e);
    progress_step(&x->bar, ++x->n_asked, NULL);
    return rc ? rc : cancel_check(e);
}

static void count(detection *d, const explainer_passage *windows, const bool *said, int n)
{
    for (int i = 0; i < n; i++) {
        bool active = is_active(&windows[i]);
        d->tp += active && said[i];
        d->fn += active && !said[i];
        d->fp += !active && said[i];
        d->tn += !active && !said[i];
    }
}

static err_code detect(explainer_result *out, explaining *x, const explainer_case *c, err *e)
{
    for (int i = 0; i < c->n_windows; i += EXPLAINER_WINDOWS) {
        arena scratch = {0};
        bool said[EXPLAINER_WINDOWS];
        int n = asked_at_once(c, i);
        chat_question q = explainer_ask_windows(out->sentence, &c->windows[i], n,
                                                x->setting->tokenizer, &scratch);
        err_code rc = ask(x, &q, e);
        arena_release(&scratch);
        if (rc)
            return rc;
        out->n_answers++;
        if (answer_read_verdicts(said, n, str_text(&x->answer)) == ANSWER_FINE) {
            count(&out->detected, &c->windows[i], said, n);
        } else {
            out->n_failed++;
            out->detected.n_unanswered += n;
        }
    }
    return OK;
}

static err_code explain(explainer_result *out, explaining *x, const explainer_case *c, arena *a,
                        err *e)
{
    arena scratch = {0};
    chat_question q = explainer_ask_sentence(c, x->setting->tokenizer, &scratch);
    err_code rc = ask(x, &q, e);
    arena_release(&scratch);
    if (rc)
        return rc;
    out->fault = answer_read_sentence(&x->sentence, str_text(&x->answer));
    if (out->fault)
        return OK;
    out->sentence = arena_strdup(a, str_text(&x->sentence));
    return detect(out, x, c, e);
}

err_code explainer_run(explainer_result *out_n, const explainer_setting *s,
                       const explainer_case *cases, int n, arena *a, err *e)
{
    memset(out_n, 0, (size_t)n * sizeof *out_n);
    explainer_estimate plan = explainer_plan(s, cases, n);
    announce(&plan, s);
    err_code rc = check_plan(&plan, s, e);
    if (rc)
        return rc;
    explaining x = {.setting = s, .bar = progress_start(s->reporter, "explainer", plan.n_requests)};
    for (int i = 0; i < n && !rc; i++)
        if (cases[i].n_examples)
            rc = explain(&out_n[i], &x, &cases[i], a, e);
    progress_end(&x.bar);
    str_release(&x.answer);
    str_release(&x.sentence);
    return rc;
}
