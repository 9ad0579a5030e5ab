/* Addresses, taken apart by libcurl. */
#include "net/url.h"
#include "base/memory.h"
#include "base/str.h"
#include <curl/curl.h>
#include <string.h>

err_code url_resolve(char **url, char **origin, const char *base, const char *location, err *e)
{
    CURLU *u = curl_url();
    char *text = NULL, *scheme = NULL, *host = NULL, *port = NULL;
    err_code rc = OK;
    *url = *origin = NULL;
    if (!u || (base && curl_url_set(u, CURLUPART_URL, base, 0)) ||
        curl_url_set(u, CURLUPART_URL, location, CURLU_DISALLOW_USER) ||
        curl_url_get(u, CURLUPART_URL, &text, 0) || curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) ||
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ||
        (strcmp(scheme, "http") && strcmp(scheme, "https"))) {
        rc = err_set(e, E_IO, "\"%.200s\" is not an http or https address", location);
    } else {
        str joined = {0};
        str_addf(&joined, "%s://%s:%s", scheme, host, port);
        *origin = joined.data;
        *url = mem_strdup(text);
    }
    curl_free(text);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return rc;
}

bool url_is_this_machine(const char *origin)
{
    static const char *const local[] = {"://127.0.0.1:", "://localhost:", "://[::1]:"};
    for (size_t i = 0; i < COUNT_OF(local); i++)
        if (strstr(origin, local[i]))
            return true;
    return false;
}

bool url_is_private(const char *origin)
{
    return !strncmp(origin, "https:", 6) || url_is_this_machine(origin);
}

char *url_escape(const char *text, bool keep_slash)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    str out = {0};
    for (const char *p = text; *p; p++)
        if (strchr(plain, *p) || (*p == '/' && keep_slash))
            str_add_char(&out, *p);
        else
            str_addf(&out, "%%%02X", (unsigned char)*p);
    char *copy = mem_strdup(str_text(&out));
    str_release(&out);
    return copy;
}
