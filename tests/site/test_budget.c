/* What every page of a site keeps to: one heading that starts it and no jump below, the landmarks,
 * a caption on every table, sizes that browsers and repositories can bear, names fit for any disk.
 */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "site/common_site.h"
#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

enum { KB = 1024 };

static int make_site(void **state)
{
    arena a = {0};
    if (make_scratch(state))
        return -1;
    write_site(path_join(&a, scratch(), "usual"), SYNTHETIC_USUAL);
    arena_release(&a);
    return 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

static int count_of(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

static void check_headings(const char *file, const char *html)
{
    int before = 0;
    for (const char *at = html; (at = strstr(at, "<h"));) {
        int level = at[2] - '0';
        at += 3;
        if (level < 1 || level > 6 || (*at != ' ' && *at != '>'))
            continue;
        if (level > before + 1 || (level == 1 && before))
            fail_msg("%s: a heading of level %d after one of %d", file, level, before);
        before = level;
    }
    assert_true(before >= 1);
}

static void check_once(const char *file, const char *html, const char *part)
{
    if (count_of(html, part) != 1)
        fail_msg("%s: %s stands there %d times", file, part, count_of(html, part));
}

static void pages_are_built_for_everybody(void **state)
{
    (void)state;
    arena a = {0};
    int n, pages = 0;
    const char *dir = path_join(&a, scratch(), "usual");
    char **files = list_files(&n, &a, dir);
    for (int i = 0; i < n; i++) {
        if (!ends_with(files[i], ".html"))
            continue;
        const char *html = file_text(&a, dir, files[i]);
        check_headings(files[i], html);
        static const char *const once[] = {"<html lang=\"en\">",
                                           "<main id=\"main\">",
                                           "<nav aria-label=\"",
                                           "<a class=\"skip\" href=\"#main\">",
                                           "<head>",
                                           "<meta charset=\"utf-8\">",
                                           "name=\"viewport\"",
                                           "content=\"light dark\"",
                                           "content=\"no-referrer\"",
                                           "http-equiv=\"Content-Security-Policy\""};
        for (size_t k = 0; k < COUNT_OF(once); k++)
            check_once(files[i], html, once[k]);
        assert_int_equal(count_of(html, "<table"), count_of(html, "<caption"));
        assert_int_equal(count_of(html, "<th"),
                         count_of(html, " scope=\"") + count_of(html, "<thead"));
        pages++;
    }
    assert_true(pages > 20);
    arena_release(&a);
}

static long limit_of(const char *file)
{
    if (!strcmp(file, "index.html"))
        return 200L * KB;
    if (!strncmp(file, "features/L", 10) && ends_with(file, ".html"))
        return 150L * KB;
    if (!strncmp(file, "fig/dictionary", 14) &&
        ends_with(file, ".png")) /* thousands of single points do not pack well */
        return 96L * KB;
    return ends_with(file, ".png")   ? 64L * KB
           : ends_with(file, ".svg") ? 450L * KB
           : ends_with(file, ".md")  ? 400L * KB
                                     : 2048L * KB;
}

static void files_keep_to_their_sizes(void **state)
{
    (void)state;
    arena a = {0};
    int n;
    long all = 0;
    const char *dir = path_join(&a, scratch(), "usual");
    char **files = list_files(&n, &a, dir);
    for (int i = 0; i < n; i++) {
        struct stat about;
        assert_int_equal(stat(path_join(&a, dir, files[i]), &about), 0);
        if (about.st_size > limit_of(files[i]))
            fail_msg("%s has %ld bytes, more than %ld", files[i], (long)about.st_size,
                     limit_of(files[i]));
        all += about.st_size;
    }
    assert_true(all < 10240L * KB);
    arena_release(&a);
}

static void check_elements(const char *file, const char *html, int most)
{
    int elements = 0;
    for (const char *at = html; (at = strchr(at, '<')); at++)
        elements += isalpha((unsigned char)at[1]) != 0;
    if (elements > most)
        fail_msg("%s has %d elements, more than %d", file, elements, most);
}

static void pages_stay_light(void **state)
{
    (void)state;
    arena a = {0};
    int n;
    const char *dir = path_join(&a, scratch(), "usual");
    char **files = list_files(&n, &a, dir);
    for (int i = 0; i < n; i++)
        if (ends_with(files[i], ".html"))
            check_elements(files[i], file_text(&a, dir, files[i]), 5000);
    arena_release(&a);
}

static void names_fit_any_disk(void **state)
{
    (void)state;
    arena a = {0};
    int n;
    char **files = list_files(&n, &a, path_join(&a, scratch(), "usual"));
    for (int i = 0; i < n; i++) {
        const char *slash = strrchr(files[i], '/'), *name = slash ? slash + 1 : files[i];
        if (strlen(name) > 64)
            fail_msg("%s: a name of more than 64 bytes", files[i]);
        for (const char *p = name; *p; p++)
            if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
                fail_msg("%s: a name with %c", files[i], *p);
        for (int k = i + 1; k < n; k++)
            if (!strcasecmp(files[i], files[k]))
                fail_msg("%s and %s are one file on some disks", files[i], files[k]);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_built_for_everybody),
        cmocka_unit_test(files_keep_to_their_sizes),
        cmocka_unit_test(pages_stay_light),
        cmocka_unit_test(names_fit_any_disk),
    };
    return cmocka_run_group_tests(tests, make_site, remove_scratch);
}
