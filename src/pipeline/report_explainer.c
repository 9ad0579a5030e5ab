/* A language model's sentence and its scores among a target's explanations. */
#include "pipeline/report.h"
#include <string.h>

static record_metric metric(const char *name, double value, const char *unit, const char *better,
                            const char *note)
{
    return (record_metric){.name = name,
                           .value = value,
                           .unit = unit,
                           .better = better,
                           .target = (double)NAN,
                           .note = note};
}

static const char *note_of(const detection *d, study *s)
{
    return arena_printf(&s->memory,
                        "%d active and %d silent windows of up to 32 tokens, from documents that "
                        "the sentence was not made from; %d more without a usable answer.",
                        d->tp + d->fn, d->fp + d->tn, d->n_unanswered);
}

void report_written(record_explanation *out, study *s, const explainer_result *x)
{
    const detection *d = &x->detected;
    const char *note = note_of(d, s), *text = x->sentence;
    if (!text)
        text = arena_printf(&s->memory, "(no sentence: the answer was %s)",
                            answer_fault_text(x->fault));
    record_metric scores[] = {
        metric("detection, balanced accuracy", detection_balanced_accuracy(d), "share", "higher",
               note),
        metric("detection, F1 of windows", detection_f1(d), "share", "higher", note),
        metric("windows", d->tp + d->fn + d->fp + d->tn, "windows", "", note),
        metric("failed answers", x->n_failed + (x->fault != ANSWER_FINE), "answers", "lower",
               arena_printf(&s->memory, "Of %d: not of the form that was asked for.",
                            x->n_answers + 1)),
    };
    *out = (record_explanation){
        .method = "language model",
        .title = arena_printf(&s->memory, "Sentence by %s", s->config->explainer.model),
        .text = {text, (int)strlen(text)},
        .activation = (double)NAN,
        .specificity = (double)NAN,
        .coherence = (double)NAN,
        .n_scores = (int)(sizeof scores / sizeof *scores),
        .scores = arena_push(&s->memory, 1, sizeof scores)};
    memcpy(out->scores, scores, sizeof scores);
}

record_score report_written_score(const explainer_result *x)
{
    const double none = (double)NAN;
    const record_estimate unknown = {none, none, none};
    const detection *d = &x->detected;
    return (record_score){.of = "language model",
                          .active = "level",
                          .precision = unknown,
                          .recall = unknown,
                          .f1 = unknown,
                          .balanced_accuracy = unknown,
                          .auprc = unknown,
                          .pearson = unknown,
                          .detection = detection_balanced_accuracy(d),
                          .fuzzing = none,
                          .n_active_windows = d->tp + d->fn,
                          .n_silent_windows = d->fp + d->tn,
                          .simulation = none};
}
