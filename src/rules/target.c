/* A feature's activations by position, their level, and the same ones thrown over the text. */
#include "rules/target.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/sort.h"
#include <math.h>
#include <string.h>

static bool find_position(uint32_t *at, const rule_text *t, const token_activation *a)
{
    int d = t->document_of[a->prompt];
    if (d < 0)
        return false;
    size_t low = t->documents[d].first, high = low + (size_t)t->documents[d].n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->place_N[middle] < a->position)
            low = middle + 1;
        else
            high = middle;
    }
    *at = (uint32_t)low;
    return low < t->documents[d].first + (size_t)t->documents[d].n &&
           t->place_N[low] == a->position;
}

static rule_part part_of(const rule_text *t, uint32_t at)
{
    return at < t->first[RULE_CHOOSE]   ? RULE_FIT
           : at < t->first[RULE_REPORT] ? RULE_CHOOSE
                                        : RULE_REPORT;
}

static float find_level(const rule_target *t, double mass)
{
    size_t n = t->first[RULE_CHOOSE];
    float *values = mem_small(n, sizeof *values);
    double all = 0, held = 0;
    for (size_t i = 0; i < n; i++) {
        values[i] = t->firings[i].value;
        all += (double)values[i];
    }
    sort_floats_falling(values, n);
    float level = (float)(double)INFINITY;
    for (size_t i = 0; i < n && held < mass * all; i++) {
        level = values[i];
        held += (double)level;
    }
    mem_free(values);
    return level;
}

static void finish(rule_target *t, const rule_text *text, double mass)
{
    t->level = find_level(t, mass);
    for (int part = 0; part < RULE_PARTS; part++) {
        int last = -1;
        for (size_t i = t->first[part]; i < t->first[part + 1]; i++) {
            if (t->firings[i].value < t->level)
                continue;
            int document = text->document_N[t->firings[i].at];
            t->n_active[part]++;
            t->n_documents[part] += document != last;
            last = document;
        }
    }
}

void rule_target_make(rule_target *out, const rule_text *t, const token_activation *active,
                      size_t n, double mass)
{
    *out = (rule_target){.firings = mem_small(n, sizeof *out->firings)};
    size_t next[RULE_PARTS];
    uint32_t at;
    for (size_t i = 0; i < n; i++)
        if (find_position(&at, t, &active[i]))
            out->first[part_of(t, at) + 1]++;
    for (int part = 0; part < RULE_PARTS; part++) {
        next[part] = out->first[part];
        out->first[part + 1] += out->first[part];
    }
    for (size_t i = 0; i < n; i++)
        if (find_position(&at, t, &active[i]))
            out->firings[next[part_of(t, at)]++] = (rule_firing){at, active[i].value};
    finish(out, t, mass);
}

/* n of `room` bits, any set of n as likely as another (Floyd's algorithm; Bentley and Floyd 1987).
 */
static void draw_bits(uint64_t *bits, size_t room, size_t n, rng *r)
{
    for (size_t last = room - n; last < room; last++) {
        size_t drawn = rng_below(r, (uint32_t)last + 1);
        if (bits[drawn / 64] >> drawn % 64 & 1)
            drawn = last;
        bits[drawn / 64] |= (uint64_t)1 << drawn % 64;
    }
}

static void shuffle_part(rule_firing *firings, size_t n, size_t first, size_t room, rng *r)
{
    uint64_t *bits = mem_small(room / 64 + 1, sizeof *bits);
    draw_bits(bits, room, n, r);
    for (size_t i = n; i > 1; i--) {
        size_t k = rng_below(r, (uint32_t)i);
        float value = firings[k].value;
        firings[k].value = firings[i - 1].value;
        firings[i - 1].value = value;
    }
    for (size_t at = 0, i = 0; at < room && i < n; at++)
        if (bits[at / 64] >> at % 64 & 1)
            firings[i++].at = (uint32_t)(first + at);
    mem_free(bits);
}

void rule_target_shuffle(rule_target *out, const rule_text *t, const rule_target *of, uint64_t seed,
                         double mass)
{
    size_t n = of->first[RULE_PARTS];
    *out = (rule_target){.firings = mem_small(n, sizeof *out->firings)};
    memcpy(out->firings, of->firings, n * sizeof *out->firings);
    memcpy(out->first, of->first, sizeof out->first);
    rng stream = rng_stream(seed, "shuffled activations");
    for (int part = 0; part < RULE_PARTS; part++) {
        rng r = rng_split(&stream, (uint64_t)part);
        shuffle_part(out->firings + of->first[part], of->first[part + 1] - of->first[part],
                     t->first[part], rule_part_size(t, part), &r);
    }
    finish(out, t, mass);
}

void rule_target_release(rule_target *t)
{
    mem_free(t->firings);
    *t = (rule_target){0};
}
