/* The configs of SAEs: the same bytes through the parser of every layout. */
#include "fuzz/fuzz.h"
#include "sae/layouts.h"
#include "sae/saelens.h"

const char fuzz_target[] = "sae_config";

static void look(err_code rc, const err *e)
{
    if (rc)
        fuzz_check_message(e, rc);
}

/* What SAELens's parser takes, it takes again after our writer. */
static void read_saelens(const char *text, size_t n)
{
    saelens_config c;
    str notes = {0}, printed = {0};
    err e = {0};
    err_code rc = saelens_config_parse(&c, &notes, text, n, "fuzz", &e);
    look(rc, &e);
    if (!rc) {
        char name[SAE_ARCHITECTURE_TEXT];
        sae_config again;
        sae_architecture_name(name, &c.c);
        PROMISE(sae_config_check(&c.c, "fuzz", &e) == OK);
        sae_config_print(&printed, &c.c);
        PROMISE(sae_config_parse(&again, printed.data, printed.len, "fuzz", &e) == OK);
    }
    str_release(&notes);
    str_release(&printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data;
    sae_config c = {0};
    llama_scope_config llama = {0};
    dictionary_config dictionary = {0};
    err e = {0};
    read_saelens(text, n);
    look(sparsify_config_parse(&c, text, n, "fuzz", &e), &e);
    look(llama_scope_config_parse(&llama, text, n, "fuzz", &e), &e);
    look(llama_scope_r1_config_parse(&c, text, n, "fuzz", &e), &e);
    look(dictionary_config_parse(&dictionary, text, n, "fuzz", &e), &e);
    look(gemma_scope_2_config_parse(&c, text, n, "fuzz", &e), &e);
    return 0;
}
