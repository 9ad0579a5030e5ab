/* The endpoint: a handler for tests/net/common_server.h and the state it shares with the test. */
#include "test.h"
#include "net/common_chat.h"
#include "net/common_server.h"
#include "base/json.h"
#include "base/memory.h"
#include "net/chat.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static chat_state *shared;
static chat_answer *answer_well;
static pid_t server_pid;
static char url[96], nobody[96];

/* ---- answering --------------------------------------------------------------------------------
 */

static void reply_text(const request *r, const char *text)
{
    cJSON *tree = cJSON_CreateObject(), *choice = cJSON_CreateObject();
    cJSON *message = json_add_object(choice, "message");
    json_add_string(message, "role", "assistant");
    json_add_string(message, "content", text);
    cJSON_AddItemToArray(json_add_array(tree, "choices"), choice);
    char *body = cJSON_PrintUnformatted(tree);
    reply(r, 200, "Content-Type: application/json\r\n", body, strlen(body));
    free(body);
    cJSON_Delete(tree);
}

static void reply_without_end(const request *r, bool slowly)
{
    char block[4096];
    memset(block, ' ', sizeof block);
    reply_head(r, 200, "");
    while (send_all(r->fd, block, slowly ? 1 : sizeof block))
        if (slowly)
            usleep(20000);
}

static void go_wrong(const request *r, chat_fault fault)
{
    switch (fault) {
    case CHAT_STATUS:
        reply(r, shared->status, shared->headers, shared->text, strlen(shared->text));
        break;
    case CHAT_TEXT:
        reply_text(r, shared->text);
        break;
    case CHAT_BODY:
        reply(r, 200, "", shared->text, strlen(shared->text));
        break;
    case CHAT_ECHO:
        reply_text(r, r->authorization);
        break;
    case CHAT_ENDLESS:
    case CHAT_DRIP:
        reply_without_end(r, fault == CHAT_DRIP);
        break;
    case CHAT_SILENCE:
        pause();
        break;
    case CHAT_CUT:
        reply_head(r, 200, "Content-Length: 1000\r\n");
        send_all(r->fd, "{\"choices\"", 10);
        break;
    case CHAT_FINE:
        break;
    }
}

static void answer(const request *r)
{
    static char text[65536];
    __atomic_add_fetch(&shared->requests, 1, __ATOMIC_SEQ_CST);
    if (r->authorization[0])
        __atomic_add_fetch(&shared->with_key, 1, __ATOMIC_SEQ_CST);
    snprintf(shared->authorization, sizeof shared->authorization, "%s", r->authorization);
    snprintf(shared->body, sizeof shared->body, "%s", r->body ? r->body : "");
    bool meant = r->body && strstr(r->body, shared->where);
    if (shared->fault != CHAT_FINE && meant &&
        __atomic_fetch_sub(&shared->times, 1, __ATOMIC_SEQ_CST) > 0) {
        go_wrong(r, shared->fault);
        return;
    }
    answer_well(text, sizeof text, r->body ? r->body : "");
    reply_text(r, text);
}

/* ---- for the tests ----------------------------------------------------------------------------
 */

void chat_server_start(chat_answer *fine)
{
    err e;
    int port, closed, fd = server_listen(&port);
    close(server_listen(&closed));
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/chat/completions", port);
    snprintf(nobody, sizeof nobody, "http://127.0.0.1:%d/v1/chat/completions", closed);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    answer_well = fine;
    server_pid = server_run(fd, answer);
    assert_int_equal(chat_global_start(&e), OK);
}

void chat_server_end(void)
{
    server_stop(server_pid);
    chat_global_end();
    munmap(shared, sizeof *shared);
}

chat_state *chat_server_reset(void)
{
    *shared = (chat_state){0};
    return shared;
}

const char *chat_server_url(void)
{
    return url;
}

const char *chat_server_nobody(void)
{
    return nobody;
}
