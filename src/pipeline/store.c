/* File: "saeinv kept 1\n", key (64 hex), '\n', payload, its SHA-256 (64 hex). */
#include "pipeline/store.h"
#include "base/io.h"
#include "base/memory.h"
#include <string.h>

static const char MAGIC[] = "saeinv kept 1\n";
enum { HEX = SHA256_HEX - 1, HEADER = sizeof MAGIC - 1 + HEX + 1 };
static const size_t LARGEST = (size_t)1 << 36;

store_key store_key_start(const char *kind, int version)
{
    store_key k;
    sha256_start(&k.hash);
    store_key_text(&k, kind);
    store_key_bytes(&k, &version, sizeof version);
    return k;
}

void store_key_bytes(store_key *k, const void *data, size_t n)
{
    uint64_t length = n;
    sha256_add(&k->hash, &length, sizeof length);
    sha256_add(&k->hash, data, n);
}

void store_key_text(store_key *k, const char *text)
{
    store_key_bytes(k, text, strlen(text));
}

void store_key_finish(store_key *k, char hex[SHA256_HEX])
{
    sha256_finish(&k->hash, hex);
}

void store_name_file(str *path, const char *dir, const char *kind, const char *key)
{
    str_addf(path, "%s/%s-%.32s.bin", dir, kind, key);
}

void store_name_lock(str *path, const char *dir, const char *kind, const char *key)
{
    str_addf(path, "%s/%s-%.32s.lock", dir, kind, key);
}

err_code store_save(const char *dir, const char *kind, const char *key, const str *payload, err *e)
{
    char sum[SHA256_HEX];
    str path = {0};
    io_file f = {0};
    store_name_file(&path, dir, kind, key);
    sha256_of(sum, str_text(payload), payload->len);
    err_code rc = io_make_dir(dir, e);
    if (!rc)
        rc = io_create(&f, path.data, e);
    if (!rc) {
        io_printf(&f, "%s%s\n", MAGIC, key);
        io_put(&f, str_text(payload), payload->len);
        io_put(&f, sum, HEX);
        rc = io_close(&f, e);
    }
    str_release(&path);
    return rc;
}

bool store_load(str *payload, const char *dir, const char *kind, const char *key, reporter *r)
{
    str path = {0}, file = {0};
    char sum[SHA256_HEX];
    err e;
    bool whole = false;
    store_name_file(&path, dir, kind, key);
    if (!io_exists(path.data))
        goto out;
    whole = !io_read(&file, path.data, LARGEST, &e) && file.len >= HEADER + HEX &&
            !memcmp(file.data, MAGIC, sizeof MAGIC - 1) &&
            !memcmp(file.data + sizeof MAGIC - 1, key, HEX) && file.data[HEADER - 1] == '\n';
    if (whole) {
        sha256_of(sum, file.data + HEADER, file.len - HEADER - HEX);
        whole = !memcmp(sum, file.data + file.len - HEX, HEX);
    }
    if (whole)
        str_add_bytes(payload, file.data + HEADER, file.len - HEADER - HEX);
    else
        report_warning(r, "%s is damaged; what it held is computed again", path.data);
out:
    str_release(&path);
    str_release(&file);
    return whole;
}

void store_remove(const char *dir, const char *kind, const char *key)
{
    str path = {0};
    store_name_file(&path, dir, kind, key);
    remove(path.data);
    str_release(&path);
}
