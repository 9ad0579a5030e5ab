/* The world's public face: build it, write a document, label a tokenizer's tokens. */
#include "train/world_internal.h"
#include "base/memory.h"

static word_kind topic_list_kind(int list)
{
    switch (list) {
    case THINGS_A:
    case THINGS_B:
    case ROLES:
        return NOUNS;
    case ACTS_A:
    case ACTS_B:
    case DOES:
        return VERBS;
    case PLACES_T:
        return PLACES;
    default:
        return PLAIN;
    }
}

static int topic_list_class(const topic_words *words, int list)
{
    return list == THINGS_A ? words->thing_class : list == ROLES ? CLASS_ROLE : -1;
}

static distribution shape_chances(arena *a)
{
    double *weights = arena_push(a, (size_t)world_n_shapes, sizeof *weights);
    for (int i = 0; i < world_n_shapes; i++)
        weights[i] = world_shapes[i].weight;
    return distribution_new(a, weights, world_n_shapes);
}

static distribution equal_chances(arena *a, int n)
{
    double *weights = arena_push(a, (size_t)n, sizeof *weights);
    for (int i = 0; i < n; i++)
        weights[i] = 1;
    return distribution_new(a, weights, n);
}

world *world_new(void)
{
    world *w = mem_small(1, sizeof *w);
    for (int t = 0; t < TOPICS; t++)
        for (int l = 0; l < TOPIC_LISTS; l++)
            w->topic[t][l] =
                lexicon_list(&w->memory, world_topic_words[t].lists[l], topic_list_kind(l), t,
                             topic_list_class(&world_topic_words[t], l));
    for (int l = 0; l < SHARED_LISTS; l++)
        w->shared[l] = lexicon_list(&w->memory, world_shared_words[l].text,
                                    world_shared_words[l].kind, -1, world_shared_words[l].concept);
    rules_compile(w);
    w->shapes = shape_chances(&w->memory);
    w->topics = equal_chances(&w->memory, TOPICS);
    return w;
}

void world_free(world *w)
{
    if (w)
        arena_release(&w->memory);
    mem_free(w);
}

const char *const *world_topics(int *count)
{
    static const char *const topics[TOPICS] = {
        "garden", "kitchen", "harbour", "farm",  "school",   "hospital", "market",
        "music",  "weather", "railway", "sport", "workshop", "court",    "space"};
    *count = TOPICS;
    return topics;
}

void world_document(world_text *out, const world *w, uint64_t seed, uint64_t index)
{
    rng stream = rng_stream(seed, "world");
    str_clear(&out->text);
    out->n_spans = 0;
    out->nats = 0;
    writer state = {.world = w,
                    .out = out,
                    .random = rng_split(&stream, index),
                    .glue = true,
                    .sentence_start = true,
                    .subject = -1,
                    .focus = -1,
                    .plural_head = -1};
    const document_shape *shape = &world_shapes[writer_choose(&state, &w->shapes)];
    out->shape = shape->name;
    out->topic = shape->topic >= 0 ? shape->topic : writer_choose(&state, &w->topics);
    concept_add(&state.state, TOPIC_DOCUMENT + out->topic);
    for (int i = 0; i < CAST; i += 2) {
        state.cast[i].female = writer_chance(&state, 0.5);
        state.cast[i + 1].female = !state.cast[i].female;
    }
    rule_expand(&state, rules_find(shape->name));
}

void world_text_release(world_text *t)
{
    str_release(&t->text);
    mem_free(t->spans);
    *t = (world_text){0};
}

static void label_token(uint64_t concepts[2], const world_span *span, bool whole,
                        const concept_set *lasting)
{
    for (int k = 0; k < 2; k++)
        concepts[k] = span->concepts[k] & (whole ? ~0ull : lasting->bits[k]);
}

void world_label_tokens(uint64_t (*concepts_N)[2], const world_text *t, const uint32_t *end_N,
                        int n)
{
    concept_set lasting = concept_lasting();
    size_t s = 0;
    uint32_t start = 0;
    for (int i = 0; i < n; i++) {
        uint32_t last = end_N[i];
        while (last > start && t->text.data[last - 1] == ' ')
            last--;
        bool blank = last == start;
        while (s < t->n_spans && t->spans[s].end < (blank ? end_N[i] + 1 : last))
            s++;
        concepts_N[i][0] = concepts_N[i][1] = 0;
        if (s < t->n_spans)
            label_token(concepts_N[i], &t->spans[s], !blank && t->spans[s].end == last, &lasting);
        start = end_N[i];
    }
}
