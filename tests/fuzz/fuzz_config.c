/* A model's config.json. */
#include "fuzz/fuzz.h"
#include "model/config.h"

const char fuzz_target[] = "config";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    model_config c;
    err e = {0};
    err_code rc = config_parse(&c, (const char *)data, n, "fuzz", &e);
    if (rc) {
        fuzz_check_message(&e, rc);
        return 0;
    }
    PROMISE(config_check(&c, "fuzz", &e) == OK); /* what parses can be built */
    PROMISE(config_parameters(&c) > 0);
    return 0;
}
