/* Page sources to Markdown and HTML: our own lines, tables, marks, and what is refused. */
#include "test.h"
#include "base/memory.h"
#include "site/document.h"
#include "site/escape.h"
#include <string.h>

static err_code publish(str *markdown, str *html, arena *a, const char *source, err *e)
{
    block_list blocks = {.memory = a};
    block_add(&blocks, "plot", "![plot](p.png)", "<img src=\"p.png\" alt=\"plot\">", "p.csv");
    return document_publish(markdown, html, source, &blocks, "page", e);
}

static const struct {
    const char *source, *markdown, *html, *why;
} documents[] = {
    {"a *b*\n", "a *b*\n", "<p>a <em>b</em></p>\n", "prose goes through cmark"},
    {"a <b>x</b> [l](javascript:x)\n", "a <b>x</b> [l](javascript:x)\n",
     "<p>a <!-- raw HTML omitted -->x<!-- raw HTML omitted --> <a href=\"\">l</a></p>\n",
     "in its safe mode"},
    {"## Two words, one!\n", "## Two words, one!\n",
     "<h2 id=\"two-words-one\">Two words, one!</h2>\n", "headings get GitHub's anchors"},
    {"# A \"b\" & *c*\n## a\n## b\n## c\n## d *e*\n## f\n",
     "# A \"b\" & *c*\n## a\n## b\n## c\n## d *e*\n## f\n",
     "<h1 id=\"a-b-c\">A &quot;b&quot; &amp; <em>c</em></h1>\n"
     "<nav class=\"contents\" aria-label=\"Sections: A &quot;b&quot; &amp; c\">\n<ul>\n"
     "<li><a href=\"#a\">a</a></li>\n<li><a href=\"#b\">b</a></li>\n<li><a href=\"#c\">c</a></li>\n"
     "<li><a href=\"#d-e\">d <em>e</em></a></li>\n<li><a href=\"#f\">f</a></li>\n</ul>\n</nav>\n"
     "<h2 id=\"a\">a</h2>\n<h2 id=\"b\">b</h2>\n<h2 id=\"c\">c</h2>\n"
     "<h2 id=\"d-e\">d <em>e</em></h2>\n<h2 id=\"f\">f</h2>\n",
     "five sections are listed before the first"},
    {"#tag\n", "#tag\n", "<p>#tag</p>\n", "which need a space"},
    {"@insert plot\n", "![plot](p.png)\n", "<img src=\"p.png\" alt=\"plot\">\n", "a block"},
    {"@insert plot A *b*.\n", "![plot](p.png)\n\n_A *b*._ ([p.csv](p.csv), figure plot)\n",
     "<figure id=\"plot\">\n<img src=\"p.png\" alt=\"plot\">\n<figcaption>A <em>b</em>. "
     "<a class=\"data\" href=\"p.csv\">values: p.csv, figure plot</a></figcaption>\n</figure>\n",
     "a block with its caption and numbers"},
    {"@begin pair\nx\n@end\n", "x\n", "<div class=\"pair\">\n<p>x</p>\n</div>\n", "a division"},
    {"@details More\nx\n@end\n", "<details><summary>More</summary>\n\nx\n\n</details>\n",
     "<details>\n<summary>More</summary>\n<p>x</p>\n</details>\n", "folded text"},
    {"@markdown\nx\n| a |\n| - |\n@end\ny\n", "x\n| a |\n| - |\n\ny\n", "<p>y</p>\n",
     "text for Markdown alone; what follows a table is no row of it"},
    {"@caption C\n| a | b |\n| --- | ---: |\n| x\\|y | `1` |\n",
     "**C**\n\n| a | b |\n| --- | ---: |\n| x\\|y | `1` |\n",
     "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-labelledby=\"table-1\">\n<table>\n"
     "<caption id=\"table-1\">C</caption>\n<thead>\n<tr><th scope=\"col\">a</th>"
     "<th scope=\"col\" class=\"num\">b</th></tr>\n</thead>\n<tbody>\n<tr><th "
     "scope=\"row\">x|y</th>"
     "<td class=\"num\"><code>1</code></td></tr>\n</tbody>\n</table>\n</div>\n",
     "a table, with an escaped pipe and a column of numbers"},
    {"| | |\n| - | - |\n| a | b |\n", "| | |\n| - | - |\n| a | b |\n",
     "<div class=\"table\">\n<table>\n<tbody>\n<tr><th scope=\"row\">a</th><td>b</td></tr>\n"
     "</tbody>\n</table>\n</div>\n",
     "names and values, without column headers"},
    {"x " MARK_CODE "a&#96;b" MARK_CODE_END "\n", "x <code>a&#96;b</code>\n",
     "<p>x <code>a`b</code></p>\n", "code that no backticks can hold"},
    {"x " MARK_BLOCK "0" MARK_BLOCK_END "\n", "x ![plot](p.png)\n",
     "<p>x <img src=\"p.png\" alt=\"plot\"></p>\n", "a block inside a line"},
};

static void sources_become_both_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        arena a = {0};
        str markdown = {0}, html = {0};
        err e = {0};
        if (publish(&markdown, &html, &a, documents[i].source, &e))
            fail_msg("%s: %s", documents[i].why, e.text);
        if (strcmp(str_text(&markdown), documents[i].markdown))
            fail_msg("%s: \"%s\"", documents[i].why, str_text(&markdown));
        if (strcmp(str_text(&html), documents[i].html))
            fail_msg("%s: \"%s\"", documents[i].why, str_text(&html));
        str_release(&markdown);
        str_release(&html);
        arena_release(&a);
    }
}

static const struct {
    const char *source, *says, *why;
} mistakes[] = {
    {"x\n@insert nothing\n", "line 2", "a block nobody made"},
    {"@paint it\n", "unknown line", "a word we do not know"},
    {"@end\n", "without a beginning", "an end alone"},
    {"@begin a\n", "no @end", "a beginning alone"},
    {"| a |\n", "row of dashes", "a table of one line"},
    {"| a |\n| - |\n| x | y |\n", "1 cells", "a row with a cell too many"},
};

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        arena a = {0};
        str markdown = {0}, html = {0};
        err e = {0};
        if (publish(&markdown, &html, &a, mistakes[i].source, &e) == OK)
            fail_msg("accepted: %s", mistakes[i].why);
        if (!strstr(e.text, mistakes[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", mistakes[i].why, e.text, mistakes[i].says);
        str_release(&markdown);
        str_release(&html);
        arena_release(&a);
    }
}

/* Whatever the text, it arrives as that text and nothing else, in prose and in a table cell. */
static void escaped_text_stays_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "<script>alert(1)</script>",
        "&amp;",
        "a|b",
        "`x`",
        "**b** _i_",
        "[l](javascript:x)",
        "![i](http://x/y.png)",
        "# h",
        "- l",
        "1. n",
        "> q",
        "---",
        "@insert plot",
        "<!-- c -->",
        "~~~",
        "\\",
        "\\|",
        "a\\",
        "<a@b.c>",
        "&#65;",
        "| a |",
        "+ x",
        "=== ",
        "***",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        arena a = {0};
        str source = {0}, markdown = {0}, html = {0}, want = {0};
        err e = {0};
        escape_markdown(&source, texts[i]);
        str_add(&source, "\n\n| ");
        escape_markdown(&source, texts[i]);
        str_add(&source, " |\n| - |\n");
        if (publish(&markdown, &html, &a, str_text(&source), &e))
            fail_msg("%s: %s", texts[i], e.text);
        size_t n = strlen(texts[i]);
        while (n && texts[i][n - 1] == ' ')
            n--;
        for (size_t k = 0; k < n; k++) {
            const char one[2] = {texts[i][k], '\0'};
            if (*one == '\'')
                str_add(&want, one);
            else
                escape_html(&want, one);
        }
        const char *cell = strstr(str_text(&html), "<th scope=\"col\">");
        if (strncmp(str_text(&html), "<p>", 3) ||
            strncmp(str_text(&html) + 3, str_text(&want), want.len) || !cell ||
            strncmp(cell + 16, str_text(&want), want.len))
            fail_msg("%s became %s", texts[i], str_text(&html));
        str_release(&source);
        str_release(&markdown);
        str_release(&html);
        str_release(&want);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_become_both_documents),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(escaped_text_stays_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
