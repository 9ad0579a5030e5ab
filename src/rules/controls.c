/* Predictions that should not do well. */
#include "rules/controls.h"
#include "base/memory.h"
#include <float.h>

static const double PULL = 4; /* as in rule_grade() */

void rule_control_frequent(float *prediction_N, const rule_text *t, const rule_target *target,
                           size_t n_firings)
{
    double *sum_V = mem_small((size_t)t->V, sizeof *sum_V), sum = 0;
    float *grade_V = mem_small((size_t)t->V, sizeof *grade_V);
    for (size_t i = 0; i < target->first[RULE_CHOOSE]; i++)
        sum_V[t->token_N[target->firings[i].at]] += (double)target->firings[i].value;
    size_t fired = 0;
    int taken = 0;
    for (; taken < t->n_used && fired < n_firings; taken++) {
        fired += t->count_V[t->used[taken]];
        sum += sum_V[t->used[taken]];
    }
    for (int i = 0; i < taken; i++) {
        double mean = sum / (double)fired;
        int32_t token = t->used[i];
        double grade = (sum_V[token] + PULL * mean) / ((double)t->count_V[token] + PULL);
        grade_V[token] = grade > (double)FLT_MIN ? (float)grade : FLT_MIN;
    }
    for (size_t i = 0; i < rule_part_size(t, RULE_REPORT); i++)
        prediction_N[i] = grade_V[t->token_N[t->first[RULE_REPORT] + i]];
    mem_free(sum_V);
    mem_free(grade_V);
}

void rule_control_fitted(float *prediction_N, const rule_text *t, const rule_target *other,
                         const rule_fit_options *o)
{
    arena memory = {0};
    rule r;
    rule_fit(&r, t, other, o, &memory);
    rule_predict(prediction_N, t, RULE_REPORT, &r);
    arena_release(&memory);
}
