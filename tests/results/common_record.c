/* A made-up but realistic record: numbers from named random streams, tokens from a small world. */
#include "results/common_record.h"
#include "base/memory.h"
#include "results/common_maker.h"
#include <stdlib.h>
#include <string.h>

enum { D_SAE = 4096, CLUSTERS = N_TOPICS, TARGETS = 8, STEPS = 26, RESTARTS = 5, POSITIONS = 10 };

#define B(text)                                                                                    \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }
const record_bytes HOSTILE_TOKENS[] = {
    B("<script>alert(1)</script>"),
    B("&amp;&lt;"),
    B("\"'`"),
    B("|"),
    B("` `` ```"),
    B("\n"),
    B("\0"),
    B("\x80"),
    B("\xe2\x80"),
    B("\u202Eevil"),
    B("\uFFFE"),
    B("\r\n\t"),
    B("](javascript:alert(1))"),
    B("![x](http://example.org/x.png)"),
    B("{{x}}{{{y}}}"),
    B("@insert map"),
    B("@[map]"),
    B("<!--"),
    B("]]>"),
    B("*_~#-+1. "),
    B("\x1b[31m"),
    B("=cmd()"),
    B("\uE000x\uE001"),
    B("onclick=alert(1) "),
};
const int N_HOSTILE_TOKENS = COUNT_OF(HOSTILE_TOKENS);

const char *const TOPICS[N_TOPICS][6] = {
    {" bread", " oven", " flour", " baked", " dough", " butter"},
    {" said", " asked", " replied", " whispered", " \"", "\""},
    {" river", " boat", " fish", " bridge", " water", " sailed"},
    {" not", " never", " no", " nothing", "n't", " neither"},
    {" Monday", " June", " 1987", " winter", " morning", " o'clock"},
    {" return", " if", "(", ");", " =", "{\n"},
    {" garden", " roses", " seeds", " soil", " planted", " bloom"},
    {" she", " her", " hers", " herself", " Anna", " Maria"},
    {" dear", " letter", " sincerely", " wrote", " stamp", " post"},
    {" seven", " twelve", " hundred", " 3", " 40", " dozen"},
    {" train", " station", " ticket", " platform", " travelled", " bus"},
    {"?", " why", " what", " where", " who", " how"},
    {" doctor", " hospital", " fever", " nurse", " cough", " pills"},
    {"caf\xc3\xa9", "\xc3\xa9", "na\xc3\xafve", " \xe2\x80\x94", "\xe2\x80\xa6", "\xe6\x97\xa5"},
};
const char *const FILLERS[N_FILLERS] = {" the", " a",   " and", " in",  " of",   " was", " to",
                                        " old", " it",  ",",    ".",    " then", " big", " very",
                                        "\n",   " for", " on",  " had", " with", " by"};

double maker_between(maker *m, double low, double high)
{
    return low + (high - low) * rng_uniform(&m->random);
}

record_bytes maker_token(maker *m, const char *usual)
{
    if (m->hostile && rng_below(&m->random, 3) == 0) {
        int i = m->next_hostile++ % (N_HOSTILE_TOKENS + 1);
        enum { LONG = 4096 };
        return i < N_HOSTILE_TOKENS
                   ? HOSTILE_TOKENS[i]
                   : (record_bytes){memset(arena_push(m->a, LONG, 1), 'x', LONG), LONG};
    }
    return (record_bytes){usual, (int)strlen(usual)};
}

const char *maker_text(maker *m, const char *usual)
{
    return m->hostile
               ? arena_printf(m->a, "%s <b onclick=x>|`\"'&\n\x80\u202E](javascript:x)", usual)
               : usual;
}

static void make_run(record_run *r, maker *m)
{
    static record_config config[] = {
        {"collect", "n_prompts", "512", "prompts", "How many prompts are read.", "512", true},
        {"collect", "max_prompt_length", "128", "tokens", "Longer prompts are cut.", "128", true},
        {"collect", "seed", "1", "", "Starts every random stream.", "1", true},
        {"filter", "entropy_threshold_low", "0.5", "nats", "Least entropy over prompts.", "0.5",
         true},
        {"filter", "entropy_threshold_high", "5.5", "nats", "Largest entropy over prompts.", "5.5",
         true},
        {"filter", "sparsity_max", "0.25", "share", "Largest share of active prompts.", "0.3",
         false},
        {"cluster", "method", "hdbscan", "", "hdbscan, dbscan or kmeans.", "hdbscan", true},
        {"cluster", "min_cluster_size", "6", "features", "Smaller groups are noise.", "5", false},
        {"optimise", "max_steps", "250", "steps", "Steps of AdamW at most.", "250", true},
        {"optimise", "learning_rate", "0.05", "", "Of AdamW.", "0.05", true},
        {"optimise", "lambda_reg", "1e-05", "", "Weight of the distance to real tokens.", "1e-05",
         true},
    };
    static record_library libraries[] = {
        {"OpenBLAS", "0.3.21"}, {"libpng", "1.6.39"}, {"cmark", "0.30.2"}, {"cJSON", "1.7.15"}};
    const char *sha = "0f3a9b4c5d6e7f80912a3b4c5d6e7f80912a3b4c5d6e7f80912a3b4c5d6e7f80";
    *r = (record_run){
        .title = maker_text(m, "Built-in model, layer 2"),
        .label = "default",
        .tool_version = "0.1.0",
        .commit = "0f3a9b4c5d6e7f80912a3b4c5d6e7f80912a3b4c",
        .modified = true,
        .command = maker_text(m, "saeinv run --out reports/default"),
        .seed = "1",
        .backend = "cpu",
        .precision = "fp32",
        .reproducibility = "bitwise",
        .config_sha256 = sha,
        .model = {"built-in world model", "gpt_neox", 5, 192, 6, 6, 32, 768, 2048, 128, 3002112,
                  "F32", sha, sha},
        .sae = {"built-in SAE", "jumprelu (trained as BatchTopK)", "blocks.2.hook_resid_post", "",
                "SAELens 6", "built-in", "", 2, 192, D_SAE, "none", true, "", sha},
        .data = {maker_text(m, "built-in world, seed 1"), 512, 58213, 512, 24, 128, sha},
        .config = config,
        .n_config = COUNT_OF(config),
        .libraries = libraries,
        .n_libraries = COUNT_OF(libraries),
    };
}

static void make_training(record *r, maker *m)
{
    enum { POINTS = 60 };
    r->lm_curve = arena_push(m->a, POINTS, sizeof *r->lm_curve);
    r->sae_curve = arena_push(m->a, POINTS, sizeof *r->sae_curve);
    r->n_lm_curve = r->n_sae_curve = POINTS;
    for (int i = 0; i < POINTS; i++) {
        double fall = exp(-i / 9.0), noise = maker_between(m, -0.03, 0.03);
        r->lm_curve[i] = (record_lm_point){i * 100, i * 819200.0, 2.02 + 5.6 * fall + noise,
                                           i % 5 ? (double)NAN : 2.05 + 5.6 * fall,
                                           1e-3 * fmin(1, i / 6.0) * (1 - i / 75.0)};
        r->sae_curve[i] = (record_sae_point){i * 200,
                                             i * 409600.0,
                                             0.08 + 0.9 * fall + noise / 9,
                                             32 + 40 * fall + 10 * noise,
                                             0.957 - 0.6 * fall + noise / 10,
                                             0.012 + 0.05 * fall * (1 - fall)};
    }
    static record_metric figures[] = {
        {"validation loss", 2.046, "nats", "lower", (double)NAN,
         "The generator's own entropy, given its hidden choices, is 1.913 nats."},
        {"explained variance", 0.957, "share", "higher", 0.90, "Of the residual stream, held out."},
        {"loss recovered", 0.982, "share", "higher", 0.97, "With the SAE's output spliced in."},
        {"mean L0", 32.4, "features", "lower", 40, "Active features a token."},
        {"dead features", 0.012, "share", "lower", 0.05, "Never active on one million tokens."},
        {"concepts found", 0.81, "share", "higher", 0.80, "Some feature has F1 at least 0.9."},
    };
    r->evaluation = figures;
    r->n_evaluation = COUNT_OF(figures);
    static const char *const kinds[] = {"word", "class", "topic", "syntax", "position", "state"};
    r->n_concepts = 24;
    r->concepts = arena_push(m->a, (size_t)r->n_concepts, sizeof *r->concepts);
    for (int i = 0; i < r->n_concepts; i++)
        r->concepts[i] = (record_concept){arena_printf(m->a, "%s %d", kinds[i % 6], i),
                                          kinds[i % 6],
                                          maker_text(m, "tokens inside a quotation"),
                                          maker_between(m, 0.001, 0.1),
                                          i * 7,
                                          maker_between(m, 0.6, 1),
                                          maker_between(m, 0.6, 1),
                                          maker_between(m, 0.6, 1),
                                          maker_between(m, 0.5, 1),
                                          i % 3 ? "yes" : "",
                                          maker_token(m, "Active on `x`.")};
}

static void make_features(record *r, maker *m)
{
    const record_filter filters[] = {{"dead", "active at least once", "", 49, 4047},
                                     {"sparsity", "active in 0.5% to 25% of the prompts",
                                      "sparsity_min, sparsity_max", 2841, 1206},
                                     {"entropy", "entropy over prompts between 0.5 and 5.5 nats",
                                      "entropy_threshold_low, entropy_threshold_high", 610, 596}};
    r->n_filters = COUNT_OF(filters);
    r->filters =
        memcpy(arena_push(m->a, COUNT_OF(filters), sizeof *filters), filters, sizeof filters);
    r->n_features = D_SAE;
    r->features = arena_push(m->a, D_SAE, sizeof *r->features);
    for (int i = 0; i < D_SAE; i++) {
        bool dead = i % 83 == 82, kept = i % 7 == 0;
        double density = dead ? 0 : pow(10, maker_between(m, -4, -0.9));
        int c = kept ? (i / 7) % (CLUSTERS + 2) - 1 : RECORD_NOISE;
        if (c == CLUSTERS || i % 5 == 0)
            c = RECORD_NOISE;
        double angle = 2 * 3.14159265 * c / CLUSTERS, spread = c < 0 ? 6 : 0.7;
        r->features[i] = (record_feature){
            .id = i,
            .name = i % 9 == 1 ? "neuron 4 of <b> | post" : "",
            .n_active = (int64_t)(density * 58213),
            .density = density,
            .prompt_share = dead ? 0 : fmin(1, density * 18),
            .max = dead ? 0 : maker_between(m, 1, 9),
            .entropy = dead ? (double)NAN : maker_between(m, 0.3, 6),
            .mean = density * 1.7,
            .mean_active = dead ? (double)NAN : maker_between(m, 0.5, 2.5),
            .variance = dead ? (double)NAN : maker_between(m, 0.1, 2),
            .skewness = dead ? (double)NAN : maker_between(m, 0.2, 3),
            .kurtosis = dead ? (double)NAN : maker_between(m, 2, 9),
            .best_token = maker_token(m, TOPICS[i % N_TOPICS][0]),
            .best_token_id = i % 2048,
            .best_token_pre_activation = i % 11 - 3.25,
            .dropped_by = dead    ? "dead"
                          : kept  ? ""
                          : i % 3 ? "sparsity"
                                  : "entropy",
            .cluster = kept ? c : RECORD_NOT_CLUSTERED,
            .x = kept ? 6 * cos(angle) * (c >= 0) + spread * rng_normal(&m->random) : (double)NAN,
            .y = kept ? 4 * sin(angle) * (c >= 0) + spread * rng_normal(&m->random) : (double)NAN};
    }
}

static record_token_stat *make_tokens(int *n, maker *m, int topic)
{
    *n = 6;
    record_token_stat *list = arena_push(m->a, 6, sizeof *list);
    for (int i = 0; i < 6; i++)
        list[i] = (record_token_stat){.token = maker_token(m, TOPICS[topic][i]),
                                      .id = 300 + topic * 6 + i,
                                      .count = 40 + (int64_t)maker_between(m, 0, 400),
                                      .activation = maker_between(m, 1, 2) * (7 - i),
                                      .occurrences = 500,
                                      .fires = 0.5,
                                      .fires_low = 0.456,
                                      .fires_high = 0.544,
                                      .share = 0.12 - 0.02 * i};
    return list;
}

static int by_size(const void *a, const void *b)
{
    const record_cluster *x = a, *y = b;
    return x->size != y->size ? y->size - x->size : x->label - y->label;
}

static void make_clusters(record *r, maker *m)
{
    r->clusters = arena_push(m->a, CLUSTERS, sizeof *r->clusters);
    for (int k = 0; k < CLUSTERS; k++) {
        record_cluster *c = &r->clusters[r->n_clusters++];
        c->members = arena_push(m->a, D_SAE, sizeof *c->members);
        for (int i = 0; i < D_SAE; i++)
            if (r->features[i].cluster == k)
                c->members[c->n_members++] = i;
        c->label = c->members[0];
        c->size = c->n_members;
        c->medoid = c->members[c->n_members / 2];
        c->selected = k < 4;
        c->tokens = make_tokens(&c->n_tokens, m, k);
        c->name = maker_text(
            m, arena_printf(m->a, "%s, %s,%s", TOPICS[k][0] + 1, TOPICS[k][1] + 1, TOPICS[k][2]));
        c->score = c->score_composite = maker_between(m, 0.2, 0.9);
        c->score_size = c->size;
        c->score_activation = maker_between(m, 0.5, 2);
        c->score_max_activation = maker_between(m, 3, 9);
        c->score_sparsity = maker_between(m, 0.7, 1);
    }
    for (int k = 0; k < CLUSTERS; k++)
        for (int j = 0; j < r->clusters[k].n_members; j++)
            r->features[r->clusters[k].members[j]].cluster = r->clusters[k].label;
    qsort(r->clusters, CLUSTERS, sizeof *r->clusters, by_size);
    r->quality = (record_quality){"HDBSCAN",
                                  "activations over prompts, unit length",
                                  "min_cluster_size 6, min_samples 5",
                                  "UMAP, n_neighbors 15, min_dist 0.1, cosine",
                                  "composite",
                                  586,
                                  CLUSTERS,
                                  0.26,
                                  0.31,
                                  0.94,
                                  0.47,
                                  15};
    enum { COLUMNS = 128 };
    r->matrix =
        (record_matrix){CLUSTERS, COLUMNS, 4, arena_push(m->a, CLUSTERS * COLUMNS, sizeof(double)),
                        CLUSTERS * COLUMNS};
    for (int i = 0; i < CLUSTERS * COLUMNS; i++)
        r->matrix.values[i] = rng_below(&m->random, 5) ? 0 : pow(maker_between(m, 0, 1.4), 3);
}

record_context make_context(maker *m, int topic, int strength)
{
    enum { TOKENS = 32 };
    record_context c = {.prompt = (int)rng_below(&m->random, 512),
                        .peak = 14,
                        .start = (int)rng_below(&m->random, 60),
                        .n_tokens = TOKENS};
    c.tokens = arena_push(m->a, TOKENS, sizeof *c.tokens);
    c.activations = arena_push(m->a, TOKENS, sizeof(double));
    double peak = strength ? strength * 0.7 : maker_between(m, 6.5, 8);
    for (int i = 0; i < TOKENS; i++) {
        bool on = i == c.peak || rng_below(&m->random, 9) == 0;
        c.tokens[i] = maker_token(m, on ? TOPICS[topic][rng_below(&m->random, 6)]
                                        : FILLERS[rng_below(&m->random, N_FILLERS)]);
        c.activations[i] = i == c.peak ? peak : on ? maker_between(m, 0.05, 0.8) * peak : 0;
    }
    return c;
}

/* n groups of two contexts; every third is empty when `gaps` says so. */
static record_value_group *make_groups(maker *m, int topic, int n, bool gaps)
{
    record_value_group *list = arena_push(m->a, (size_t)n, sizeof *list);
    for (int i = 0; i < n; i++) {
        record_value_group *g = &list[i];
        *g = (record_value_group){.low = 8.0 * i / n, .high = 8.0 * (i + 1) / n};
        if (gaps && i % 3 == 2)
            continue;
        g->n_prompts = 31 + i;
        g->n_tokens = 800 - 10 * i;
        g->n_contexts = 2;
        g->contexts = arena_push(m->a, 2, sizeof *g->contexts);
        for (int k = 0; k < 2; k++)
            g->contexts[k] = make_context(m, topic, 1 + i * 10 / n);
    }
    return list;
}

static void make_positions(record_target *t, maker *m)
{
    enum { BINS = 8 };
    t->n_position_bins = BINS;
    t->position_bins = arena_push(m->a, BINS, sizeof *t->position_bins);
    for (int i = 0; i < BINS; i++) {
        int first = i ? (1 << (i - 1)) + 1 : 1;
        bool silent = i == 1;
        t->position_bins[i] = (record_position_bin){.first = first,
                                                    .last = i < BINS - 1 ? 1 << i : 100,
                                                    .n = 500 * (i + 1),
                                                    .n_active = silent ? 0 : 50,
                                                    .density = silent ? 0 : 0.1 / (i + 1),
                                                    .mean = silent ? (double)NAN : 2 + 0.1 * i};
    }
}

static void make_trie(record_target *t, maker *m, int topic)
{
    static const int depths[] = {1, 2, 3, 4, 2, 1, 2};
    t->n_trie = COUNT_OF(depths);
    t->trie = arena_push(m->a, COUNT_OF(depths), sizeof *t->trie);
    for (int i = 0; i < t->n_trie; i++)
        t->trie[i] = (record_trie_node){
            .depth = depths[i],
            .token = maker_token(m, depths[i] == 1 ? TOPICS[topic][i % 6] : FILLERS[i]),
            .id = 40 + i,
            .n = 900 >> depths[i],
            .n_active = 400 >> depths[i],
            .precision = 4.0 / 9,
            .low = 0.40,
            .high = 0.49,
            .mean = 1 + 0.25 * i};
}

static record_histogram make_histogram(maker *m, bool log_edges)
{
    enum { BINS = 40 };
    record_histogram h = {log_edges, arena_push(m->a, BINS + 1, sizeof(double)), BINS + 1,
                          arena_push(m->a, BINS, sizeof(double)), BINS};
    for (int i = 0; i <= BINS; i++)
        h.edges[i] = log_edges ? pow(10, -2 + 2.9 * i / BINS) : 8.0 * i / BINS;
    for (int i = 0; i < BINS; i++) {
        double z = log_edges ? (i - 27) / 6.0 : (i - 6) / 8.0;
        h.counts[i] = floor(320 * exp(-z * z / 2) * maker_between(m, 0.8, 1.2));
    }
    return h;
}

static record_restart make_restart(maker *m, int index, double top)
{
    record_restart s = {.index = index,
                        .is_best = index == 2,
                        .converged = index != 4,
                        .n_steps = STEPS,
                        .last_step = 250,
                        .activation = top,
                        .pre_activation = top + 0.3};
    double **series[] = {
        &s.step,      &s.loss,      &s.objective, &s.activation_curve, &s.nearest_distance,
        &s.diversity, &s.repetition};
    for (size_t k = 0; k < COUNT_OF(series); k++)
        *series[k] = arena_push(m->a, STEPS, sizeof(double));
    for (int i = 0; i < STEPS; i++) {
        double rise = 1 - exp(-i / 5.0);
        s.step[i] = i * 10;
        s.objective[i] = -2 + (top + 2.3) * rise + maker_between(m, -0.1, 0.1);
        s.activation_curve[i] = fmax(0, s.objective[i] - 0.3);
        s.nearest_distance[i] = 4 - 3 * rise;
        s.diversity[i] = 0.5 - 0.4 * rise;
        s.repetition[i] = 0.1 * (1 - rise);
        s.loss[i] = -s.objective[i] + 0.1 * s.nearest_distance[i] + s.diversity[i];
    }
    return s;
}

static void make_optimum(record_optimum *o, maker *m, int topic)
{
    *o = (record_optimum){.activation = 14.2,
                          .position = 6,
                          .mean = 5.1,
                          .skewness = 0.8,
                          .specificity = 38.5,
                          .snapped_activation = 7.3,
                          .data_ratio = 1.83,
                          .snapped_ratio = 0.94,
                          .restart_mean = 13.6,
                          .restart_deviation = 0.5,
                          .restart_min = 12.9,
                          .restart_max = 14.2,
                          .restart_cosine = 0.61,
                          .restart_token_overlap = 0.3,
                          .n_positions = POSITIONS,
                          .n_restarts = RESTARTS};
    o->positions = arena_push(m->a, POSITIONS, sizeof *o->positions);
    o->restarts = arena_push(m->a, RESTARTS, sizeof *o->restarts);
    for (int i = 0; i < RESTARTS; i++)
        o->restarts[i] = make_restart(m, i, i == 2 ? 14.2 : 12.9 + i * 0.2);
    for (int i = 0; i < POSITIONS; i++) {
        record_position *p = &o->positions[i];
        double act = i == o->position ? 14.2 : fmax(0, maker_between(m, -3, 9));
        *p = (record_position){act, act > 0 ? act + 0.3 : maker_between(m, -2, 0), act * 0.5,
                               arena_push(m->a, 5, sizeof(record_neighbour)), 5};
        for (int k = 0; k < 5; k++)
            p->neighbours[k] = (record_neighbour){maker_token(m, TOPICS[topic][(i + k) % 6]),
                                                  99 + k, 0.8 - 0.1 * k};
    }
}

static void make_explanations(record_target *t, maker *m, int topic)
{
    const char *usual = arena_printf(m->a, "The feature is about%s,%s and%s.", TOPICS[topic][0],
                                     TOPICS[topic][1], TOPICS[topic][2]);
    const char *prompt = arena_printf(m->a, "This is a text about%s%s%s%s", TOPICS[topic][0],
                                      TOPICS[topic][3], TOPICS[topic][1], TOPICS[topic][0]);
    if (m->hostile)
        usual = prompt = maker_text(m, "The feature\n\n# is <script>alert(1)</script> about");
    static record_metric scores[] = {{"tokens covered", 0.72, "share", "higher", (double)NAN, ""}};
    t->n_explanations = 3;
    t->explanations = arena_push(m->a, 3, sizeof *t->explanations);
    t->explanations[2] = (record_explanation){"template",
                                              "Template over the top tokens",
                                              {usual, (int)strlen(usual)},
                                              {0},
                                              5.9,
                                              19,
                                              9,
                                              -3.6,
                                              NULL,
                                              0};
    t->explanations[0] = (record_explanation){"template",
                                              "Template over the top tokens",
                                              {usual, (int)strlen(usual)},
                                              {0},
                                              6.2,
                                              21.5,
                                              9,
                                              -3.4,
                                              scores,
                                              1};
    t->explanations[1] = (record_explanation){"prompt",
                                              "Optimised prompt with a frozen beginning",
                                              {prompt, (int)strlen(prompt)},
                                              {prompt, 20},
                                              9.6,
                                              30.1,
                                              9,
                                              -5.9,
                                              NULL,
                                              0};
}

/* From a stream of its own, so that nothing else of the record depends on it. */
static void make_decoder(record_target *t, maker *m)
{
    enum { WIDTH = 192 }; /* d_in of the run */
    rng random = rng_stream((uint64_t)t->id, "synthetic decoder");
    t->n_decoder = WIDTH;
    t->decoder = arena_push(m->a, WIDTH, sizeof *t->decoder);
    for (int i = 0; i < WIDTH; i++)
        t->decoder[i] = rng_normal(&random) / sqrt(WIDTH);
}

static void make_targets(record *r, maker *m, int n)
{
    r->n_targets = n;
    r->targets = arena_push(m->a, (size_t)n, sizeof *r->targets);
    for (int i = 0; i < n; i++) {
        record_target *t = &r->targets[i];
        const record_cluster *c = &r->clusters[i / 2];
        *t = (record_target){.id = c->members[3 + 5 * (i % 2)],
                             .cluster = c->label,
                             .reason = maker_text(m, "highest mean activation in its cluster"),
                             .threshold = 0.21,
                             .concept_index = i < 6 ? i : -1,
                             .concept_f1 = i < 6 ? 0.9 : (double)NAN};
    }
    for (int i = 1; i < n; i++) /* ascending ids */
        for (int j = i; j > 0 && r->targets[j].id < r->targets[j - 1].id; j--) {
            record_target t = r->targets[j];
            r->targets[j] = r->targets[j - 1];
            r->targets[j - 1] = t;
        }
    for (int i = 0; i < n; i++) {
        record_target *t = &r->targets[i];
        int topic = i % CLUSTERS;
        r->features[t->id].selected = true;
        t->quantiles = (record_quantiles){.n = 8000,
                                          .n_prompts = 310,
                                          .least = 0.01,
                                          .p10 = 0.3,
                                          .median = 1.9,
                                          .p90 = 4.5,
                                          .p99 = 7,
                                          .most = 8};
        t->histogram = make_histogram(m, false);
        t->log_histogram = make_histogram(m, true);
        t->tokens = make_tokens(&t->n_tokens, m, topic);
        t->n_top = 10;
        t->top = arena_push(m->a, 10, sizeof *t->top);
        for (int k = 0; k < 10; k++)
            t->top[k] = make_context(m, topic, 0);
        t->n_deciles = 10;
        t->deciles = make_groups(m, topic, 10, false);
        t->n_intervals = 5;
        t->intervals = make_groups(m, topic, 5, true);
        make_trie(t, m, topic);
        make_positions(t, m);
        make_explanations(t, m, topic);
        make_decoder(t, m);
        make_rule(&t->rule, m, topic);
        make_search(&t->search, m, topic);
        make_optimum(&t->optimum, m, topic);
        make_effects(&t->effects, m, topic, r->n_features, t->top);
    }
    r->sae_quality = make_sae_quality(m);
    make_search_summary(r, m);
    make_rules_summary(r, m);
}

/* Nothing was kept: the filter dropped all, so nothing was clustered and nothing optimised. */
static void make_empty(record *r)
{
    for (int i = 0; i < r->n_features; i++) {
        record_feature *f = &r->features[i];
        f->dropped_by = *f->dropped_by ? f->dropped_by : "entropy";
        f->cluster = RECORD_NOT_CLUSTERED;
        f->x = f->y = (double)NAN;
    }
    r->filters[2].dropped += r->filters[2].remaining;
    r->filters[2].remaining = 0;
}

void synthetic_record(record *out, record_volatile *times, arena *a, synthetic_kind kind)
{
    maker m = {a, rng_stream(1, "synthetic record"), kind == SYNTHETIC_HOSTILE, 0};
    static record_stage stages[] = {{"collect", 11.3, false, "5,151 tokens/s"},
                                    {"filter", 0.02, false, ""},
                                    {"cluster", 6.1, true, ""},
                                    {"optimise", 41.7, false, "288 steps/s"}};
    *times = (record_volatile){
        .started = "2026-01-01T00:00:00Z",
        .host = "example",
        .processor = "two cores",
        .directory = "reports/default",
        .n_threads = 2,
        .seconds = 63.1,
        .peak_memory = 412e6,
        .stages = stages,
        .n_stages = COUNT_OF(stages),
        .environment = {"gcc 12.2.0", "-O3", "Linux 6.1", "An <fast> & processor"}};
    *out = (record){.schema = RECORD_SCHEMA};
    make_run(&out->run, &m);
    make_features(out, &m);
    if (kind == SYNTHETIC_EMPTY) {
        make_empty(out);
        return;
    }
    make_training(out, &m);
    make_clusters(out, &m);
    make_targets(out, &m, kind == SYNTHETIC_HOSTILE ? TARGETS / 4 : TARGETS);
}
