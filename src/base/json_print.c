/* Writing JSON: our own number text and layout, so that a diff shows one changed fact a line. */
#include "base/io.h"
#include "base/json.h"
#include <math.h>

static cJSON *checked(cJSON *item)
{
    if (!item)
        err_die("out of memory while building JSON");
    return item;
}

static void add(cJSON *object, const char *key, cJSON *item)
{
    checked(item);
    if (!(cJSON_IsArray(object) ? cJSON_AddItemToArray(object, item)
                                : cJSON_AddItemToObject(object, key, item)))
        err_die("out of memory while building JSON");
}

cJSON *json_number(double value)
{
    return checked(isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void json_add_number(cJSON *object, const char *key, double value)
{
    add(object, key, json_number(value));
}

void json_add_string(cJSON *object, const char *key, const char *text)
{
    add(object, key, cJSON_CreateString(text));
}

void json_add_bool(cJSON *object, const char *key, bool value)
{
    add(object, key, cJSON_CreateBool(value));
}

cJSON *json_add_object(cJSON *object, const char *key)
{
    cJSON *made = checked(cJSON_CreateObject());
    add(object, key, made);
    return made;
}

cJSON *json_add_array(cJSON *object, const char *key)
{
    cJSON *made = checked(cJSON_CreateArray());
    add(object, key, made);
    return made;
}

static void print_string(str *out, const char *text)
{
    str_add_char(out, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            str_addf(out, "\\%c", *p);
        else if (*p == '\n')
            str_add(out, "\\n");
        else if (*p == '\t')
            str_add(out, "\\t");
        else if (*p < 0x20 || *p == 0x7f)
            str_addf(out, "\\u%04x", *p);
        else
            str_add_char(out, (char)*p);
    }
    str_add_char(out, '"');
}

static void print_scalar(str *out, const cJSON *item)
{
    char number[NUMBER_TEXT];
    if (cJSON_IsString(item))
        print_string(out, item->valuestring);
    else if (cJSON_IsNumber(item))
        str_add(out, isfinite(item->valuedouble) ? number_text(number, item->valuedouble) : "null");
    else
        str_add(out, cJSON_IsTrue(item) ? "true" : cJSON_IsFalse(item) ? "false" : "null");
}

static bool is_tree(const cJSON *item)
{
    return cJSON_IsArray(item) || cJSON_IsObject(item);
}

static bool holds_trees(const cJSON *array)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, array)
        if (is_tree(item))
            return true;
    return false;
}

static void print_tree(str *out, const cJSON *tree, int depth)
{
    if (!is_tree(tree)) {
        print_scalar(out, tree);
        return;
    }
    bool object = cJSON_IsObject(tree);
    bool one_line = !tree->child || (!object && !holds_trees(tree));
    str_add_char(out, object ? '{' : '[');
    const cJSON *item;
    cJSON_ArrayForEach(item, tree) {
        if (one_line)
            str_add(out, item != tree->child ? ", " : "");
        else
            str_addf(out, "%s\n%*s", item != tree->child ? "," : "", 2 * (depth + 1), "");
        if (object) {
            print_string(out, item->string);
            str_add(out, ": ");
        }
        print_tree(out, item, depth + 1);
    }
    if (!one_line)
        str_addf(out, "\n%*s", 2 * depth, "");
    str_add_char(out, object ? '}' : ']');
}

static void print_compact(str *out, const cJSON *tree)
{
    if (!is_tree(tree)) {
        print_scalar(out, tree);
        return;
    }
    bool object = cJSON_IsObject(tree);
    str_add_char(out, object ? '{' : '[');
    const cJSON *item;
    cJSON_ArrayForEach(item, tree) {
        str_add(out, item != tree->child ? "," : "");
        if (object) {
            print_string(out, item->string);
            str_add_char(out, ':');
        }
        print_compact(out, item);
    }
    str_add_char(out, object ? '}' : ']');
}

void json_print_line(str *out, const cJSON *tree)
{
    print_compact(out, tree);
    str_add_char(out, '\n');
}

void json_print(str *out, const cJSON *tree)
{
    print_tree(out, tree, 0);
    str_add_char(out, '\n');
}

err_code json_write(const char *path, const cJSON *tree, err *e)
{
    str text = {0};
    json_print(&text, tree);
    err_code rc = io_write(path, text.data, text.len, e);
    str_release(&text);
    return rc;
}
