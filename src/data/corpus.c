/* Prompts from .txt and .jsonl files. Text is taken byte for byte, except that a byte-order mark is
 * dropped and that lines may end in CR LF. */
#include "data/corpus.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include <string.h>

static const char BLANKS[] = " \t\r\f\v";

/* One file being read. */
typedef struct reader {
    corpus *c;
    const corpus_options *options;
    const char *file;
    err *e;
} reader;

corpus_options corpus_defaults(void)
{
    return (corpus_options){
        .split = SPLIT_PARAGRAPH, .text_field = "text", .max_file_bytes = (size_t)1 << 30};
}

static bool is_full(const reader *r)
{
    return r->options->max_prompts > 0 && r->c->n_prompts >= r->options->max_prompts;
}

static bool is_blank(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] != '\n' && !memchr(BLANKS, text[i], sizeof BLANKS - 1))
            return false;
    return true;
}

/* `text` is the corpus's own already. */
static void add_prompt(reader *r, const char *text, size_t n, int line)
{
    corpus *c = r->c;
    if (is_blank(text, n)) {
        c->n_empty++;
        return;
    }
    if (c->n_prompts == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 256;
        c->prompts = mem_grow(c->prompts, c->cap, sizeof *c->prompts);
    }
    c->prompts[c->n_prompts++] = (prompt){text, n, r->file, line};
    c->n_invalid_utf8 += !utf8_valid(text, n);
}

/* The line that starts at `from`, without its end; the next one starts at *next. */
static size_t line_length(size_t *next, const char *text, size_t n, size_t from)
{
    const char *newline = memchr(text + from, '\n', n - from);
    size_t end = newline ? (size_t)(newline - text) : n;
    *next = newline ? end + 1 : n;
    return end > from && text[end - 1] == '\r' ? end - 1 - from : end - from;
}

static void add_txt_prompt(reader *r, str *gathered, int line)
{
    if (gathered->len > 0)
        add_prompt(r, arena_strndup(&r->c->memory, gathered->data, gathered->len), gathered->len,
                   line);
    str_clear(gathered);
}

static void read_txt(reader *r, const char *text, size_t n)
{
    str gathered = {0};
    int line = 1, first_line = 1;
    for (size_t from = 0, next; from < n && !is_full(r); from = next, line++) {
        size_t length = line_length(&next, text, n, from);
        bool blank = is_blank(text + from, length);
        if (r->options->split == SPLIT_LINE && blank) {
            r->c->n_empty++;
        } else if (blank) {
            add_txt_prompt(r, &gathered, first_line);
        } else {
            if (gathered.len == 0)
                first_line = line;
            else
                str_add_char(&gathered, '\n');
            str_add_bytes(&gathered, text + from, length);
            if (r->options->split == SPLIT_LINE)
                add_txt_prompt(r, &gathered, first_line);
        }
    }
    if (!is_full(r))
        add_txt_prompt(r, &gathered, first_line);
    str_release(&gathered);
}

static err_code read_jsonl(reader *r, const char *text, size_t n)
{
    str place = {0};
    err_code code = OK;
    int line = 1;
    for (size_t from = 0, next; !code && from < n && !is_full(r); from = next, line++) {
        size_t length = line_length(&next, text, n, from);
        if (is_blank(text + from, length))
            continue;
        str_clear(&place);
        str_addf(&place, "%s line %d", r->file, line);
        cJSON *object = NULL;
        const char *value = NULL;
        code = json_parse(&object, text + from, length, str_text(&place), r->e);
        if (!code)
            code = json_string(&value, object, r->options->text_field, str_text(&place), r->e);
        if (!code) {
            size_t n_value = strlen(value);
            add_prompt(r, arena_strndup(&r->c->memory, value, n_value), n_value, line);
        }
        cJSON_Delete(object);
    }
    str_release(&place);
    return code;
}

static int line_of(const char *text, size_t place)
{
    int line = 1;
    for (size_t i = 0; i < place; i++)
        line += text[i] == '\n';
    return line;
}

/* Refuses what is plainly not text: NUL bytes, or mostly bytes that are not UTF-8. */
static err_code check_text(const reader *r, const char *text, size_t n)
{
    const char *nul = n ? memchr(text, '\0', n) : NULL;
    if (nul)
        return err_set(r->e, E_DATA,
                       "%s line %d: a NUL byte: this is not a text file (UTF-16 "
                       "text must be converted to UTF-8)",
                       r->file, line_of(text, (size_t)(nul - text)));
    size_t bad = 0, first = 0;
    for (size_t i = 0; i < n;) {
        uint32_t code;
        int length = utf8_decode((const unsigned char *)text + i, n - i, &code);
        if (length == 0 && bad++ == 0)
            first = i;
        i += length ? (size_t)length : 1;
    }
    if (bad > n / 2)
        return err_set(r->e, E_DATA,
                       "%s line %d: %zu of its %zu bytes are not UTF-8: this is not a "
                       "text file",
                       r->file, line_of(text, first), bad, n);
    return OK;
}

static bool ends_with(const char *name, size_t n, const char *suffix)
{
    size_t length = strlen(suffix);
    return n >= length && strncmp(name + n - length, suffix, length) == 0;
}

static err_code parse_kind(reader *r, const char *text, size_t n)
{
    size_t length = strlen(r->file);
    if (ends_with(r->file, length, ".gz"))
        length -= 3;
    bool txt = ends_with(r->file, length, ".txt"), jsonl = ends_with(r->file, length, ".jsonl");
    if (!txt && !jsonl)
        return err_set(r->e, E_DATA,
                       "%s: prompts are read from .txt and .jsonl files (or .txt.gz, "
                       ".jsonl.gz); its name ends in neither",
                       r->file);
    err_code code = check_text(r, text, n);
    if (code)
        return code;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        n -= 3;
    }
    if (txt)
        read_txt(r, text, n);
    else
        code = read_jsonl(r, text, n);
    return code;
}

err_code corpus_parse(corpus *c, const char *text, size_t n, const char *name,
                      const corpus_options *options, err *e)
{
    corpus before = *c;
    reader r = {c, options, arena_strdup(&c->memory, name), e};
    if (is_full(&r))
        return OK;
    err_code code = parse_kind(&r, text, n);
    if (!code && c->n_prompts == before.n_prompts)
        code = err_set(e, E_DATA, "%s: no prompt in its %zu bytes (%zu blank ones)", name, n,
                       c->n_empty - before.n_empty);
    if (code) {
        c->n_prompts = before.n_prompts;
        c->n_empty = before.n_empty;
        c->n_invalid_utf8 = before.n_invalid_utf8;
    }
    return code;
}

err_code corpus_read(corpus *c, const char *path, const corpus_options *options, err *e)
{
    str text = {0};
    err_code code = io_read_maybe_gzip(&text, path, options->max_file_bytes, e);
    if (!code)
        code = corpus_parse(c, str_text(&text), text.len, path, options, e);
    str_release(&text);
    return code;
}

void corpus_release(corpus *c)
{
    mem_free(c->prompts);
    arena_release(&c->memory);
    *c = (corpus){0};
}
