/* One token at a time, then the start of the whole text. */
#include "data/decoder.h"
#include "base/memory.h"
#include <string.h>

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

int decoder_byte(const char *token, size_t n)
{
    if (n != 6 || memcmp(token, "<0x", 3) != 0 || token[5] != '>')
        return -1;
    int high = hex_digit(token[3]), low = hex_digit(token[4]);
    return high < 0 || low < 0 ? -1 : 16 * high + low;
}

static void add_replaced(str *out, const decoder_replacement *r, const char *content,
                         size_t n_content, const char *text, size_t n)
{
    size_t from = 0;
    for (const char *at;
         (at = memmem(text + from, n - from, r->pattern.data, r->pattern.len)) != NULL;) {
        size_t start = (size_t)(at - text);
        str_add_bytes(out, text + from, start - from);
        str_add_bytes(out, content, n_content);
        from = start + r->pattern.len;
    }
    str_add_bytes(out, text + from, n - from);
}

void decoder_show(str *out, const decoder *d, const char *token, size_t n, bool is_first)
{
    str texts[2] = {{0}, {0}};
    str_add_bytes(&texts[0], token, n);
    for (int i = 0; i < d->n_replacements; i++) {
        const decoder_replacement *r = &d->replacements[i];
        bool loses = is_first && d->first_loses_replaced;
        str *from = &texts[i % 2], *to = &texts[1 - i % 2];
        str_clear(to);
        add_replaced(to, r, str_text(&r->content), loses ? 0 : r->content.len, str_text(from),
                     from->len);
    }
    const str *text = &texts[d->n_replacements % 2];
    int byte = d->byte_fallback ? decoder_byte(str_text(text), text->len) : -1;
    if (byte >= 0)
        str_add_char(out, (char)byte);
    else
        str_add_bytes(out, str_text(text), text->len);
    str_release(&texts[0]);
    str_release(&texts[1]);
}

void decoder_strip(str *text, const decoder *d, size_t start)
{
    size_t n = d->strip.len, cut = 0;
    for (int i = 0; i < d->n_strip && text->len - start - cut >= n &&
                    memcmp(text->data + start + cut, d->strip.data, n) == 0;
         i++)
        cut += n;
    if (cut) {
        memmove(text->data + start, text->data + start + cut, text->len - start - cut + 1);
        text->len -= cut;
    }
}

void decoder_release(decoder *d)
{
    for (int i = 0; i < d->n_replacements; i++) {
        str_release(&d->replacements[i].pattern);
        str_release(&d->replacements[i].content);
    }
    str_release(&d->strip);
    *d = (decoder){0};
}
