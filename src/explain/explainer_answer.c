/* What the language model answers, taken literally or not at all. */
#include "base/json.h"
#include "explain/explainer.h"
#include <math.h>
#include <string.h>

const char *answer_fault_text(answer_fault fault)
{
    static const char *const texts[] = {
        [ANSWER_FINE] = "fine",
        [ANSWER_EMPTY] = "empty",
        [ANSWER_TOO_LONG] = "too long",
        [ANSWER_CONTROLS] = "with control characters in it",
        [ANSWER_NO_LIST] = "no JSON list",
        [ANSWER_OTHER_COUNT] = "a list of another length",
        [ANSWER_OTHER_ITEMS] = "a list of something but 0 and 1",
    };
    return texts[fault];
}

static bool is_control(uint32_t code)
{
    return code < ' ' || (code >= 0x7f && code < 0xa0);
}

answer_fault answer_read_sentence(str *out, const char *answer)
{
    size_t n = strlen(answer);
    bool blank = false;
    str_clear(out);
    for (size_t i = 0; i < n;) {
        uint32_t code;
        int length = utf8_decode((const unsigned char *)answer + i, n - i, &code);
        if (strchr(" \t\r\n", answer[i])) {
            blank = out->len > 0;
        } else if (!length || is_control(code)) {
            return ANSWER_CONTROLS;
        } else {
            if (blank)
                str_add_char(out, ' ');
            blank = false;
            str_add_bytes(out, answer + i, (size_t)length);
        }
        i += (size_t)(length ? length : 1);
    }
    return out->len == 0                           ? ANSWER_EMPTY
           : out->len > EXPLAINER_LONGEST_SENTENCE ? ANSWER_TOO_LONG
                                                   : ANSWER_FINE;
}

static answer_fault read_list(bool *out_n, int n, const cJSON *list)
{
    const cJSON *item;
    int i = 0;
    if (!cJSON_IsArray(list))
        return ANSWER_NO_LIST;
    if (cJSON_GetArraySize(list) != n)
        return ANSWER_OTHER_COUNT;
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsNumber(item) || (item->valuedouble != 0 && item->valuedouble != 1))
            return ANSWER_OTHER_ITEMS;
        out_n[i++] = item->valuedouble == 1;
    }
    return ANSWER_FINE;
}

answer_fault answer_read_verdicts(bool *out_n, int n, const char *answer)
{
    cJSON *tree;
    err ignored;
    if (!answer[strspn(answer, " \t\r\n")])
        return ANSWER_EMPTY;
    if (json_parse(&tree, answer, strlen(answer), "the answer", &ignored))
        return ANSWER_NO_LIST;
    answer_fault fault = read_list(out_n, n, tree);
    cJSON_Delete(tree);
    return fault;
}

double detection_balanced_accuracy(const detection *d)
{
    if (d->tp + d->fn == 0 || d->tn + d->fp == 0)
        return (double)NAN;
    return ((double)d->tp / (d->tp + d->fn) + (double)d->tn / (d->tn + d->fp)) / 2;
}

double detection_f1(const detection *d)
{
    int all = 2 * d->tp + d->fp + d->fn;
    return all ? 2.0 * d->tp / all : (double)NAN;
}
