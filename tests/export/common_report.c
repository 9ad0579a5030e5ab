/* Reports of synthetic records in a scratch folder, and exports of them. */
#include "export/common_report.h"
#include "base/io.h"
#include "base/memory.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

const char *in_scratch(arena *a, const char *name)
{
    return path_join(a, folder, name);
}

int make_reports(void **state)
{
    (void)state;
    static const char *const names[] = {"usual", "hostile", "empty"};
    snprintf(folder, sizeof folder, "/tmp/saeinv-export.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    arena a = {0};
    err e = {0};
    err_code rc = OK;
    for (int i = 0; i < 3 && !rc; i++) {
        record r;
        record_volatile times;
        synthetic_record(&r, &times, &a, (synthetic_kind)i);
        rc = record_write(in_scratch(&a, names[i]), &r, &e);
        if (!rc)
            rc = record_write_volatile(in_scratch(&a, names[i]), &times, &e);
    }
    arena_release(&a);
    return rc ? -1 : 0;
}

int remove_reports(void **state)
{
    (void)state;
    err e;
    return io_remove_tree(folder, &e);
}

record read_report(arena *a, const char *name)
{
    record r;
    err e = {0};
    if (record_read(&r, a, in_scratch(a, name), &e))
        fail_msg("%s", e.text);
    return r;
}

void export_to(const char *name, const char *out, export_format format)
{
    arena a = {0};
    str summary = {0};
    err e = {0};
    export_options o = {.format = format};
    if (export_report(&summary, in_scratch(&a, name), in_scratch(&a, out), &o, &e))
        fail_msg("%s", e.text);
    assert_non_null(strstr(str_text(&summary), "features of"));
    str_release(&summary);
    arena_release(&a);
}

cJSON *read_json(const char *dir, const char *file)
{
    arena a = {0};
    err e = {0};
    cJSON *tree;
    if (json_read(&tree, path_join(&a, in_scratch(&a, dir), file), 1 << 26, &e))
        fail_msg("%s", e.text);
    arena_release(&a);
    return tree;
}

static void read_manifest(str *out, const char *dir)
{
    arena a = {0};
    err e = {0};
    const char *path = in_scratch(&a, dir);
    if (record_write_manifest(path, &e) ||
        io_read(out, path_join(&a, path, "MANIFEST.sha256"), 1 << 20, &e))
        fail_msg("%s", e.text);
    arena_release(&a);
}

void assert_same_files(const char *one, const char *other)
{
    str first = {0}, second = {0};
    read_manifest(&first, one);
    read_manifest(&second, other);
    assert_true(first.len > 100);
    assert_string_equal(str_text(&first), str_text(&second));
    str_release(&first);
    str_release(&second);
}
