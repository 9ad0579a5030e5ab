/* A question's way: from the cache, or to the endpoint and into the cache. */
#include "net/chat.h"
#include "net/chat_cache.h"
#include "net/http.h"
#include "net/url.h"
#include "base/file_lock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include <string.h>

enum { LARGEST_REPLY = 1 << 20, LONGEST_BACKOFF = 60, LONGEST_WAIT = 600 };

struct chat {
    const chat_options *options;
    reporter *reporter;
    const char *key; /* NULL: none is sent */
    bool wants_key;
    http *http;      /* NULL until something has to be sent */
    bool has_waited; /* for another program, and said so */
};

err_code chat_global_start(err *e)
{
    return http_global_start(e);
}

void chat_global_end(void)
{
    http_global_end();
}

/* Whether a key may be sent there. */
static err_code read_url(bool *private, const char *address, err *e)
{
    char *url, *origin;
    if (url_resolve(&url, &origin, NULL, address, e))
        return e->code = E_CONFIG;
    *private = url_is_private(origin);
    mem_free(url);
    mem_free(origin);
    return OK;
}

err_code chat_check_url(const char *address, bool allow_http, err *e)
{
    bool private;
    err_code rc = read_url(&private, address, e);
    if (rc || private || allow_http)
        return rc;
    return err_set(e, E_CONFIG, "%.200s: unencrypted http is for this machine alone; use https",
                   address);
}

chat *chat_open(const chat_options *o, reporter *r)
{
    err ignored; /* chat_ask() will say it */
    bool private = false;
    chat *c = mem_small(1, sizeof *c);
    c->options = o;
    c->reporter = r;
    c->wants_key = *o->key_name && !read_url(&private, o->url, &ignored) && private;
    c->key = c->wants_key ? o->key : NULL;
    return c;
}

void chat_close(chat *c)
{
    if (!c)
        return;
    http_close(c->http);
    mem_free(c);
}

/* ---- requests -----------------------------------------------------------------------------------
 */

static void add_message(cJSON *list, const char *role, const char *content)
{
    cJSON *message = cJSON_CreateObject();
    json_add_string(message, "role", role);
    json_add_string(message, "content", content);
    cJSON_AddItemToArray(list, message);
}

static void write_request(str *out, const chat *c, const chat_question *q)
{
    cJSON *tree = cJSON_CreateObject();
    json_add_string(tree, "model", c->options->model);
    json_add_number(tree, "temperature", 0);
    json_add_number(tree, "max_tokens", c->options->max_tokens);
    cJSON *messages = json_add_array(tree, "messages");
    add_message(messages, "system", q->instruction);
    add_message(messages, "user", q->content);
    json_print(out, tree);
    cJSON_Delete(tree);
}

size_t chat_request_bytes(const chat *c, const chat_question *q)
{
    str request = {0};
    write_request(&request, c, q);
    size_t n = request.len;
    str_release(&request);
    return n;
}

bool chat_recall(str *answer, const chat *c, const chat_question *q)
{
    const chat_options *o = c->options;
    str request = {0};
    if (!o->cache_dir)
        return false;
    write_request(&request, c, q);
    bool found = chat_cache_load(answer, o->cache_dir, o->url, &request, c->reporter);
    str_release(&request);
    return found;
}

/* ---- replies ------------------------------------------------------------------------------------
 */

typedef struct reply_sink {
    str text;
    err *e;
} reply_sink;

static bool take_reply(void *context, const void *data, size_t n)
{
    reply_sink *t = context;
    if (n > LARGEST_REPLY - t->text.len) {
        err_set(t->e, E_FORMAT, "the answer is longer than %d MB", LARGEST_REPLY >> 20);
        return false;
    }
    str_add_bytes(&t->text, data, n);
    return true;
}

/* choices[0].message.content; null and absent are an empty answer, as a model gives that thought
 * for too long. */
static err_code read_reply(str *answer, const chat *c, const str *text, err *e)
{
    cJSON *tree = NULL;
    err_code rc = json_parse(&tree, str_text(text), text->len, "the answer", e);
    if (rc) /* its reasons may hold bytes of the answer */
        return err_set(e, E_FORMAT, "it is not JSON");
    const cJSON *choices = json_member(tree, "choices");
    const cJSON *first = cJSON_IsArray(choices) ? choices->child : NULL;
    const cJSON *message = first ? json_member(first, "message") : NULL;
    const cJSON *content = message ? json_member(message, "content") : NULL;
    str_clear(answer);
    if (!cJSON_IsObject(message) || (content && !cJSON_IsNull(content) && !cJSON_IsString(content)))
        rc = err_set(e, E_FORMAT, "there is no text at choices[0].message.content");
    else if (cJSON_IsString(content) && c->key && strstr(content->valuestring, c->key))
        rc = err_set(e, E_FORMAT, "the answer repeats the key; it is not kept");
    else if (cJSON_IsString(content))
        str_add(answer, content->valuestring);
    cJSON_Delete(tree);
    return rc;
}

/* What a status that asks for no further attempt means to whoever set this up. */
static err_code explain_status(err *e, const chat *c, long status)
{
    const chat_options *o = c->options;
    if (status == 401 || status == 403)
        return err_set(e, E_CONFIG, "%s answers with status %ld: %s%s", o->url, status,
                       c->key ? "it does not accept the key in "
                              : "it wants a key, and none is sent",
                       c->key ? o->key_name : "");
    if (status == 404)
        return err_set(e, E_CONFIG,
                       "%s answers with status 404: check the address, which should end in "
                       "/chat/completions, and the model's name, %.100s",
                       o->url, o->model);
    if (status >= 300 && status < 400)
        return err_set(e, E_CONFIG,
                       "%s answers with status %ld, a redirect; give the address it leads to",
                       o->url, status);
    if (status >= 400 && status < 500)
        return err_set(e, E_CONFIG,
                       "%s answers with status %ld: it does not take the request; check the "
                       "model's name, %.100s, and max_tokens, %d",
                       o->url, status, o->model, o->max_tokens);
    return err_context(e, "%s", o->url);
}

/* ---- asking -------------------------------------------------------------------------------------
 */

err_code chat_check_key(const chat *c, err *e)
{
    const chat_options *o = c->options;
    if (c->wants_key && !c->key)
        return err_set(e, E_CONFIG,
                       "the environment variable %s is not set; it should hold the key for %s",
                       o->key_name, o->url);
    return OK;
}

static err_code connect_first(chat *c, err *e)
{
    const chat_options *o = c->options;
    if (c->http)
        return OK;
    err_code rc = chat_check_key(c, e);
    if (!rc && http_open(&c->http, o->url, c->key, o->timeout_seconds, e))
        rc = err_context(e, "%s, with the key in %s", o->url, c->key ? o->key_name : "nothing");
    return rc;
}

/* After a failure: is another attempt due? Then it has said so and waited. */
static bool wait_to_retry(const chat *c, const http_reply *reply, int failures, err *e)
{
    const chat_options *o = c->options;
    if (e->code != E_IO || !reply->retry || failures > o->retries)
        return false;
    double wait = http_backoff(failures, o->retry_seconds, LONGEST_BACKOFF);
    if ((double)reply->retry_after > wait)
        wait = (double)reply->retry_after;
    if (wait > LONGEST_WAIT) {
        err_set(e, E_IO, "status %ld, and asks to come back in %.0f s", reply->status, wait);
        return false;
    }
    report_warning(c->reporter, "%s: %s; trying again in %.0f s", o->url, e->text, wait);
    cancel_wait(wait);
    return !cancel_check(e);
}

static err_code send_request(str *answer, chat *c, const str *request, err *e)
{
    const chat_options *o = c->options;
    http_body body = {"application/json", request->data, request->len, o->timeout_seconds};
    reply_sink t = {.e = e};
    http_sink sink = {.take = take_reply, .context = &t};
    http_reply reply = {0};
    err_code rc;
    int failures = 0;
    do {
        str_clear(&t.text);
        rc = http_post(&reply, c->http, o->url, &body, &sink, e);
    } while (rc && wait_to_retry(c, &reply, ++failures, e));
    if (rc && e->code != E_CANCELLED)
        rc = reply.retry || !reply.status || e->code != E_IO ? err_context(e, "%s", o->url)
                                                             : explain_status(e, c, reply.status);
    else if (!rc && read_reply(answer, c, &t.text, e))
        rc = err_context(e, "%s answers with status 200, but with no chat completion", o->url);
    str_release(&t.text);
    return rc ? e->code : OK;
}

static err_code ask_endpoint(str *answer, chat *c, const str *request, err *e)
{
    err_code rc = connect_first(c, e);
    return rc ? rc : send_request(answer, c, request, e);
}

/* A question that another program has in hand is not sent, and paid for, twice. */
static err_code wait_for_turn(file_lock *lock, chat *c, const char *path, err *e)
{
    err_code rc = file_lock_try(lock, path, e);
    if (rc || lock->held)
        return rc;
    if (!c->has_waited)
        report_line(c->reporter, "waiting for another run, which asks %s the same",
                    c->options->url);
    c->has_waited = true;
    return file_lock_wait(lock, path, e);
}

static err_code ask_and_keep(str *answer, chat *c, const str *request, err *e)
{
    const chat_options *o = c->options;
    str path = {0};
    file_lock lock = {0};
    chat_cache_name_lock(&path, o->cache_dir, o->url, request);
    err_code rc = io_make_dir(o->cache_dir, e);
    if (!rc)
        rc = wait_for_turn(&lock, c, path.data, e);
    if (!rc && !chat_cache_load(answer, o->cache_dir, o->url, request, NULL)) {
        rc = ask_endpoint(answer, c, request, e);
        if (!rc)
            rc = chat_cache_save(o->cache_dir, o->url, request, str_text(answer), e);
    }
    file_lock_remove(&lock);
    str_release(&path);
    return rc;
}

err_code chat_ask(str *answer, chat *c, const chat_question *q, err *e)
{
    const chat_options *o = c->options;
    str request = {0};
    if (chat_recall(answer, c, q))
        return OK;
    write_request(&request, c, q);
    err_code rc =
        o->cache_dir ? ask_and_keep(answer, c, &request, e) : ask_endpoint(answer, c, &request, e);
    str_release(&request);
    return rc;
}
