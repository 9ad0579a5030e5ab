/* saeinv inspect: what is there, before anything is run. */
#include "base/memory.h"
#include "pipeline/command.h"
#include "pipeline/inspect.h"
#include <stdio.h>
#include <string.h>

static const char help[] =
    "saeinv inspect - what is in a model, an SAE or a weights file\n"
    "\n"
    "  saeinv inspect builtin                          the built-in model and its SAE\n"
    "  saeinv inspect EleutherAI/pythia-70m-deduped    a model of the Hugging Face cache\n"
    "  saeinv inspect gpt2-small-res-jb/blocks.8.hook_resid_pre\n"
    "  saeinv inspect DIR                              a folder of either\n"
    "  saeinv inspect params.npz                       the tensors of one file\n"
    "\n"
    "      --tokens N   length of the sequence whose memory is given (default 128)\n"
    "  -h, --help       this text\n"
    "\n"
    "Prints architecture, sizes, stored types, hook points, the SAE's kind and origin, what would "
    "be\n"
    "ignored and the memory it takes. What `saeinv run` would refuse is refused here too.\n";

enum { OPTION_TOKENS = 256, DEFAULT_TOKENS = 128, MOST_TOKENS = 1 << 20 };

static err_code inspect_models(str *out, const char *name, int tokens, arena *a, err *e)
{
    model_place place;
    err_code rc = place_model(&place, name, "inspect", a, e);
    return rc ? rc : inspect_model(out, &place, tokens, e);
}

static err_code inspect_saes(str *out, const char *name, arena *a, err *e)
{
    sae_place place;
    err_code rc = place_sae(&place, name, NULL, "inspect", a, e);
    return rc ? rc : inspect_sae(out, &place, e);
}

static err_code inspect(str *out, const char *name, int tokens, err *e)
{
    arena memory = {0};
    bool is_sae = false;
    err_code rc = OK;
    if (io_exists(name) && !io_is_dir(name)) {
        rc = inspect_file(out, name, e);
    } else if (!strcmp(name, "builtin")) {
        rc = inspect_models(out, name, tokens, &memory, e);
        if (!rc)
            rc = inspect_saes(out, name, &memory, e);
    } else if (!(rc = place_names_sae(&is_sae, name, e))) {
        rc = is_sae ? inspect_saes(out, name, &memory, e)
                    : inspect_models(out, name, tokens, &memory, e);
    }
    arena_release(&memory);
    return rc;
}

err_code command_inspect(int argc, char **argv, err *e)
{
    static const struct option options[] = {
        {"tokens", required_argument, NULL, OPTION_TOKENS},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    long tokens = DEFAULT_TOKENS;
    err_code rc = OK;
    int option;
    while (!rc && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return OK;
        }
        rc = option == OPTION_TOKENS ? command_number(&tokens, "inspect", "tokens", optarg, 1, e)
                                     : command_bad_option("inspect", option, argv, options, e);
    }
    if (!rc && tokens > MOST_TOKENS)
        rc = err_set(e, E_USAGE, "inspect: --tokens %ld: at most %d", tokens, (int)MOST_TOKENS);
    if (!rc && optind == argc)
        rc = err_set(e, E_USAGE, "inspect: inspect what? See saeinv inspect --help");
    for (int i = optind; i < argc && !rc; i++) {
        str text = {0};
        rc = inspect(&text, argv[i], (int)tokens, e);
        if (!rc)
            fputs(str_text(&text), stdout);
        str_release(&text);
    }
    return rc;
}
