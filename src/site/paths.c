/* Paths put into words: what a node's token and the tokens behind it look like together. */
#include "site/paths.h"
#include "draw/path_tree.h"
#include "site/escape.h"
#include "site/show.h"

/* The tokens of a path in the order of the text, the node's own first. */
static record_bytes join(arena *a, const record_trie_node *const *path, int depth)
{
    str joined = {0};
    for (int d = depth; d > 0; d--)
        if (path[d - 1]->token.n)
            str_add_bytes(&joined, path[d - 1]->token.bytes, (size_t)path[d - 1]->token.n);
    return record_take_bytes(&joined, a);
}

/* A token that is only a piece of a character is not shown apart from the rest of it. */
static path_row row_of(arena *a, const record_trie_node *const *path, int depth)
{
    const record_trie_node *x = path[depth - 1];
    record_bytes own = x->token, behind = join(a, path, depth - 1);
    bool whole = depth == 1 || utf8_valid(own.n ? own.bytes : "", (size_t)own.n);
    return (path_row){.depth = depth,
                      .token = show_token(a, whole ? own : join(a, path, depth)),
                      .rest = whole && depth > 1 ? show_token(a, behind) : "",
                      .n = x->n,
                      .n_active = x->n_active,
                      .low = x->low,
                      .high = x->high,
                      .mean = x->mean};
}

static void add_list(str *out, arena *a, const path_row *rows, const record_trie_node *nodes, int n)
{
    for (int i = 0; i < n; i++) {
        const path_row *r = &rows[i];
        for (int d = 1; d < r->depth; d++)
            str_add(out, "  ");
        str_add(out, "- ");
        escape_code(out, arena_printf(a, "%s%s", r->token, r->rest));
        str_addf(out, " %s of %s (%s to %s), mean activation %s\n",
                 show_share(a, nodes[i].precision), show_count(a, r->n), show_share(a, r->low),
                 show_share(a, r->high), show_number(a, r->mean));
    }
}

bool put_paths(page *p, const record_target *t)
{
    arena *a = &p->memory;
    const record_trie_node *path[RECORD_TRIE_DEPTH];
    const record_feature *f = record_find_feature(p->site->r, t->id);
    path_row *rows = arena_push(a, (size_t)t->n_trie + 1, sizeof *rows);
    double covered = 0;
    for (int i = 0; i < t->n_trie; i++) {
        path[t->trie[i].depth - 1] = &t->trie[i];
        rows[i] = row_of(a, path, t->trie[i].depth);
        covered += t->trie[i].depth == 1 ? (double)t->trie[i].n_active : 0;
    }
    json_add_string(p->tree, "paths_share",
                    show_share(a, f->n_active > 0 ? covered / (double)f->n_active : (double)NAN));
    if (!t->n_trie)
        return false;
    const char *label = "Tokens the feature is active on and what stands before them";
    str html = {0}, markdown = {0}, alt = {0};
    drawn_values to = page_values(p, "paths", "");
    path_tree_values(&to, rows, t->n_trie);
    path_tree_alt(&alt, rows, t->n_trie, label);
    page_list_drawing(p, "paths", "", label, NULL, str_text(&alt));
    str_addf(&html, "<div class=\"tree\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n",
             label);
    path_tree_svg(&html, rows, t->n_trie, f->density,
                  arena_printf(a,
                               "%s: %d paths; as a list on the Markdown page, as a table under "
                               "values",
                               label, t->n_trie));
    str_add(&html, "</div>");
    add_list(&markdown, a, rows, t->trie, t->n_trie);
    block_add(&p->blocks, "paths", str_text(&markdown), str_text(&html), page_values_link(p));
    str_release(&html);
    str_release(&markdown);
    str_release(&alt);
    return true;
}
