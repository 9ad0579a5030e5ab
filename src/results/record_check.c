/* What must agree inside a record. */
#include "results/record_check.h"

enum { LARGEST_LAYER = 9999, LARGEST_DICTIONARY = 99999999 }; /* that fit RECORD_NAME */

static err_code check_run(const record *r, err *e)
{
    const record_sae *s = &r->run.sae;
    if (s->layer < 0 || s->layer > LARGEST_LAYER)
        return err_set(e, E_SHAPE, "run.json: sae.layer is %d, not in 0..%d", s->layer,
                       LARGEST_LAYER);
    if (s->d_sae < 0 || s->d_sae > LARGEST_DICTIONARY)
        return err_set(e, E_SHAPE, "run.json: sae.d_sae is %d, not in 0..%d", s->d_sae,
                       LARGEST_DICTIONARY);
    return OK;
}

static bool is_cluster(const record *r, int label)
{
    return label == RECORD_NOISE || label == RECORD_NOT_CLUSTERED || record_find_cluster(r, label);
}

static err_code check_features(const record *r, err *e)
{
    if (r->n_features != r->run.sae.d_sae)
        return err_set(e, E_SHAPE, "features.csv has %d features, run.json says d_sae is %d",
                       r->n_features, r->run.sae.d_sae);
    for (int i = 0; i < r->n_features; i++) {
        const record_feature *f = &r->features[i];
        if (f->id != i)
            return err_set(e, E_SHAPE, "features.csv: row %d has id %d; ids are 0, 1, 2 ...", i,
                           f->id);
        if (!is_cluster(r, f->cluster))
            return err_set(e, E_SHAPE,
                           "features.csv: feature %d is in cluster %d, which is not in "
                           "clusters.json",
                           i, f->cluster);
    }
    for (int i = 0; i < r->n_concepts; i++)
        if (r->concepts[i].feature < -1 || r->concepts[i].feature >= r->n_features)
            return err_set(e, E_SHAPE, "concepts.csv: row %d names feature %d of %d", i,
                           r->concepts[i].feature, r->n_features);
    return OK;
}

static err_code check_clusters(const record *r, err *e)
{
    const record_matrix *m = &r->matrix;
    for (int i = 0; i < r->n_clusters; i++) {
        const record_cluster *c = &r->clusters[i];
        if (c->label < 0 || c->label >= r->n_features || c->medoid < 0 ||
            c->medoid >= r->n_features)
            return err_set(e, E_SHAPE,
                           "clusters.json: clusters[%d]: label %d and medoid %d must "
                           "be features of %d",
                           i, c->label, c->medoid, r->n_features);
        if (record_find_cluster(r, c->label) != c)
            return err_set(e, E_SHAPE, "clusters.json: label %d appears twice", c->label);
        for (int j = 0; j < c->n_members; j++)
            if (c->members[j] < 0 || c->members[j] >= r->n_features ||
                (j && c->members[j] <= c->members[j - 1]))
                return err_set(e, E_SHAPE,
                               "clusters.json: clusters[%d].members[%d] is %d: members "
                               "are ascending ids below %d",
                               i, j, c->members[j], r->n_features);
    }
    if (m->rows < 0 || m->columns < 0 || (int64_t)m->rows * m->columns != m->n_values)
        return err_set(e, E_SHAPE, "clusters.json: matrix has %d values for %d x %d", m->n_values,
                       m->rows, m->columns);
    if (m->rows && m->rows != r->n_clusters)
        return err_set(e, E_SHAPE, "clusters.json: matrix has %d rows for %d clusters", m->rows,
                       r->n_clusters);
    return OK;
}

static err_code check_histogram(const record_histogram *h, int id, const char *name, err *e)
{
    if (h->n_counts ? h->n_edges != h->n_counts + 1 : h->n_edges > 1)
        return err_set(e, E_SHAPE, "target %d: %s has %d edges for %d counts", id, name, h->n_edges,
                       h->n_counts);
    for (int i = 0; i < h->n_edges; i++)
        if (!isfinite(h->edges[i]) || (i && h->edges[i] < h->edges[i - 1]))
            return err_set(e, E_SHAPE, "target %d: %s.edges[%d] is not above the one before", id,
                           name, i);
    return OK;
}

static err_code check_search(const record_search *s, int id, err *e)
{
    for (int i = 1; i < s->n_curve; i++)
        if (s->curve[i].iteration <= s->curve[i - 1].iteration)
            return err_set(e, E_SHAPE, "target %d: search.curve[%d]: iteration %d comes after %d",
                           id, i, s->curve[i].iteration, s->curve[i - 1].iteration);
    for (int i = 1; i < s->n_front; i++)
        if (!(s->front[i].cross_entropy >= s->front[i - 1].cross_entropy))
            return err_set(e, E_SHAPE,
                           "target %d: search.front[%d]: the cross-entropy is not above the one "
                           "before",
                           id, i);
    return OK;
}

static err_code check_traces(const record_target *t, err *e)
{
    const record_effects *x = &t->effects;
    for (int i = 0; i < x->n_traces; i++) {
        const record_trace *trace = &x->traces[i];
        if (trace->context < 0 || trace->context >= t->n_top)
            return err_set(e, E_SHAPE, "target %d: effects.traces[%d] is of context %d of %d",
                           t->id, i, trace->context, t->n_top);
        if (trace->n_costs != t->top[trace->context].n_tokens)
            return err_set(e, E_SHAPE, "target %d: effects.traces[%d]: %d costs of %d tokens",
                           t->id, i, trace->n_costs, t->top[trace->context].n_tokens);
    }
    return OK;
}

static err_code check_attention(const record_target *t, err *e)
{
    const record_effects *x = &t->effects;
    for (int i = 0; i < x->n_attention; i++) {
        const record_attention *part = &x->attention[i];
        if (part->context < 0 || part->context >= t->n_top)
            return err_set(e, E_SHAPE, "target %d: effects.attention[%d] is of context %d of %d",
                           t->id, i, part->context, t->n_top);
        if (part->n_parts != t->top[part->context].n_tokens)
            return err_set(e, E_SHAPE, "target %d: effects.attention[%d]: %d parts of %d tokens",
                           t->id, i, part->n_parts, t->top[part->context].n_tokens);
        if (part->n_heads != x->attention[0].n_heads)
            return err_set(e, E_SHAPE, "target %d: effects.attention[%d] has %d heads, not %d",
                           t->id, i, part->n_heads, x->attention[0].n_heads);
        for (int k = 0; k < part->n_heads; k++)
            if (part->heads[k].head != x->attention[0].heads[k].head)
                return err_set(e, E_SHAPE,
                               "target %d: effects.attention[%d].heads[%d] is of head %d, not %d",
                               t->id, i, k, part->heads[k].head, x->attention[0].heads[k].head);
    }
    return OK;
}

static err_code check_effects(const record *r, const record_target *t, err *e)
{
    const record_effects *x = &t->effects;
    int id = t->id;
    for (int i = 0; i < x->n_relatives; i++)
        if (x->relatives[i].feature < 0 || x->relatives[i].feature >= r->n_features)
            return err_set(e, E_SHAPE, "target %d: effects.relatives[%d] is feature %d of %d", id,
                           i, x->relatives[i].feature, r->n_features);
    for (int i = 0; i < x->n_changes; i++) {
        const record_change *c = &x->changes[i];
        if (c->raised_right < 0 || c->lowered_right < 0 || c->raised_right > c->n_raised ||
            c->lowered_right > c->n_lowered)
            return err_set(e, E_SHAPE,
                           "target %d: effects.changes[%d]: %d of %d and %d of %d tokens moved as "
                           "promised",
                           id, i, c->raised_right, c->n_raised, c->lowered_right, c->n_lowered);
    }
    err_code rc = check_traces(t, e);
    if (!rc)
        rc = check_attention(t, e);
    return rc ? rc : check_histogram(&x->logits, id, "effects.logits", e);
}

static err_code check_windows(const record_rule *rule, int id, err *e)
{
    for (int i = 0; i < rule->n_windows; i++) {
        const record_window *w = &rule->windows[i];
        if (w->tenth < 0 || w->tenth > 10 || w->prompt < 0 || w->start < 0)
            return err_set(e, E_SHAPE, "target %d: windows[%d]: tenth %d at %d of prompt %d", id, i,
                           w->tenth, w->start, w->prompt);
    }
    return OK;
}

static err_code check_target(const record *r, int i, err *e)
{
    const record_target *t = &r->targets[i];
    const record_optimum *o = &t->optimum;
    if (t->id < 0 || t->id >= r->n_features || (i && t->id <= r->targets[i - 1].id))
        return err_set(e, E_SHAPE, "target %d: ids are ascending and below %d", t->id,
                       r->n_features);
    if (!is_cluster(r, t->cluster))
        return err_set(e, E_SHAPE, "target %d: cluster %d is not in clusters.json", t->id,
                       t->cluster);
    if (t->concept_index < -1 || t->concept_index >= r->n_concepts)
        return err_set(e, E_SHAPE, "target %d: concept_index is %d of %d", t->id, t->concept_index,
                       r->n_concepts);
    if (t->n_decoder != r->targets[0].n_decoder)
        return err_set(e, E_SHAPE, "target %d: decoder has %d numbers, that of target %d has %d",
                       t->id, t->n_decoder, r->targets[0].id, r->targets[0].n_decoder);
    if (o->n_positions && (o->position < 0 || o->position >= o->n_positions))
        return err_set(e, E_SHAPE, "target %d: optimum.position is %d of %d", t->id, o->position,
                       o->n_positions);
    err_code rc = check_histogram(&t->histogram, t->id, "histogram", e);
    if (!rc)
        rc = check_histogram(&t->log_histogram, t->id, "log_histogram", e);
    if (!rc)
        rc = record_check_activity(t, e);
    if (!rc)
        rc = record_check_contexts(t->rule.false_alarms, t->rule.n_false_alarms, t->id,
                                   "false_alarms", e);
    if (!rc)
        rc = record_check_contexts(t->rule.missed, t->rule.n_missed, t->id, "missed", e);
    if (!rc)
        rc = record_check_contexts(t->rule.near_misses, t->rule.n_near_misses, t->id, "near_misses",
                                   e);
    if (!rc)
        rc = check_windows(&t->rule, t->id, e);
    if (!rc)
        rc = check_search(&t->search, t->id, e);
    if (!rc)
        rc = check_effects(r, t, e);
    return rc;
}

err_code record_check(const record *r, err *e)
{
    err_code rc = check_run(r, e);
    if (!rc)
        rc = check_clusters(r, e);
    if (!rc)
        rc = check_features(r, e);
    for (int i = 0; i < r->n_targets && !rc; i++)
        rc = check_target(r, i, e);
    return rc;
}
