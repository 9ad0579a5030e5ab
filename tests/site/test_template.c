/* The template language: what each tag does, and what is refused. */
#include "test.h"
#include "base/json.h"
#include "base/memory.h"
#include "site/escape.h"
#include "site/template.h"
#include <string.h>

static const char VALUES[] =
    "{\"a\": \"one\", \"n\": 2.5, \"yes\": true, \"no\": false, \"nothing\": null, \"empty\": \"\","
    " \"none\": [], \"list\": [{\"a\": \"x\"}, {\"a\": \"y\"}], \"words\": [\"p\", \"q\"],"
    " \"deep\": {\"b\": {\"c\": \"found\"}}, \"bad\": \"<i>&|*_`\\\"'\", \"hash\": \"# no\","
    " \"rule\": \"---\", \"item\": \"12. x\", \"tick\": \"a`b\", \"at\": \"@insert x\"}";

static err_code fill(str *out, const char *text, template_language language, err *e)
{
    cJSON *tree;
    template_source sources[] = {{"page", text, strlen(text)},
                                 {"part", "[{{a}}]\n", strlen("[{{a}}]\n")},
                                 {"loop", "{{>loop}}", strlen("{{>loop}}")}};
    template_set set = {sources, COUNT_OF(sources)};
    assert_int_equal(json_parse(&tree, VALUES, strlen(VALUES), "values", e), OK);
    err_code rc = template_fill(out, &set, "page", tree, language, e);
    cJSON_Delete(tree);
    return rc;
}

static const struct {
    const char *text, *want, *why;
} fills[] = {
    {"", "", "an empty template"},
    {"no tag", "no tag", "plain text"},
    {"{{a}}", "one", "a text"},
    {"{{n}}", "2.5", "a number"},
    {"{{ a }}", "one", "blanks inside the tag"},
    {"{{deep.b.c}}", "found", "a path"},
    {"{{#deep}}{{#b}}{{c}} {{a}}{{/b}}{{/deep}}", "found one", "looked up outward"},
    {"{{#list}}<{{a}}>{{/list}}", "<x><y>", "a list, and the inner value wins"},
    {"{{#words}}{{.}},{{/words}}", "p,q,", "the entry itself"},
    {"{{#yes}}1{{/yes}}{{#no}}2{{/no}}{{#nothing}}3{{/nothing}}{{#empty}}4{{/empty}}", "1",
     "what counts as shown"},
    {"{{#none}}1{{/none}}{{^none}}2{{/none}}{{^yes}}3{{/yes}}{{#n}}4{{/n}}", "24",
     "inverted sections"},
    {"{{#list}}{{#list}}.{{/list}}{{/list}}", "....", "the same section inside itself"},
    {"a{{! said nothing }}b", "ab", "a comment"},
    {"x\n  {{#yes}}  \ny\n{{/yes}}\nz", "x\ny\nz", "tags alone take their lines with them"},
    {"{{#yes}}y{{/yes}}\n", "y\n", "tags with company do not"},
    {"x\n{{>part}}\ny", "x\n[one]\ny", "a partial alone on its line"},
    {"- {{bad}}", "- \\<i\\>\\&\\|\\*\\_\\`\"'", "Markdown is escaped"},
    {"{{{bad}}}", "<i>&|*_`\"'", "unless told not to"},
    {"{{hash}}", "\\# no", "a heading is not made by a value"},
    {"{{rule}}", "\\---", "nor a rule"},
    {"{{item}}", "12\\. x", "nor a list"},
    {"{{at}}", "\\@insert x", "nor a line of our own"},
    {"x {{hash}} {{rule}}", "x # no ---", "which only count at the start of a line"},
    {"{{`a`}}", "`one`", "a code span"},
    {"{{`tick`}}", MARK_CODE "a&#96;b" MARK_CODE_END, "that a backtick cannot end"},
    {"{{`bad`}}", MARK_CODE "&#60;i&#62;&#38;&#124;&#42;&#95;&#96;&#34;&#39;" MARK_CODE_END,
     "nor a pipe split"},
};

static void templates_are_filled(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fills); i++) {
        str out = {0};
        err e = {0};
        if (fill(&out, fills[i].text, TEMPLATE_MARKDOWN, &e))
            fail_msg("%s: %s", fills[i].why, e.text);
        if (strcmp(str_text(&out), fills[i].want))
            fail_msg("%s: \"%s\", not \"%s\"", fills[i].why, str_text(&out), fills[i].want);
        str_release(&out);
    }
}

static void html_is_escaped(void **state)
{
    (void)state;
    str out = {0};
    err e = {0};
    assert_int_equal(fill(&out, "<p title=\"{{bad}}\">", TEMPLATE_HTML, &e), OK);
    assert_string_equal(str_text(&out), "<p title=\"&lt;i&gt;&amp;|*_`&quot;&#39;\">");
    str_release(&out);
}

static const struct {
    const char *text, *says, *why;
} mistakes[] = {
    {"a\n{{missing}}", "line 2: no value is called \"missing\"", "an unknown key is no silence"},
    {"{{deep.b.x}}", "\"deep.b.x\"", "nor inside a path"},
    {"{{#missing}}{{/missing}}", "\"missing\"", "nor as a section"},
    {"{{^missing}}{{/missing}}", "\"missing\"", "nor inverted"},
    {"{{list}}", "neither a text nor a number", "a list is not a text"},
    {"{{#list}}", "without its end: \"list\"", "an open section"},
    {"{{#list}}{{#yes}}{{/list}}{{/yes}}", "ends another section", "sections that cross"},
    {"x{{/list}}", "not begun: \"list\"", "an end alone"},
    {"{{a", "without its end", "a tag cut off"},
    {"{{{a}}", "without its end", "a raw tag cut off"},
    {"{{}}", "empty", "a tag without a name"},
    {"{{>nowhere}}", "no template is called \"nowhere\"", "an unknown partial"},
    {"{{>loop}}", "contain each other", "a partial that contains itself"},
};

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        str out = {0};
        err e = {0};
        if (fill(&out, mistakes[i].text, TEMPLATE_MARKDOWN, &e) != E_FORMAT)
            fail_msg("accepted: %s", mistakes[i].why);
        if (!strstr(e.text, mistakes[i].says) || !strstr(e.text, "template "))
            fail_msg("%s: \"%s\" does not say \"%s\"", mistakes[i].why, e.text, mistakes[i].says);
        str_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_are_filled),
        cmocka_unit_test(html_is_escaped),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
