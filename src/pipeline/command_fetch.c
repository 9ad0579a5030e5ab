/* saeinv fetch: models and SAEs into the cache that other tools use as well. */
#include "base/memory.h"
#include "hub/fetch.h"
#include "pipeline/command.h"
#include <stdio.h>

static const char help[] =
    "saeinv fetch - download a model or an SAE into the standard Hugging Face cache\n"
    "\n"
    "  saeinv fetch EleutherAI/pythia-70m-deduped          config, tokenizer and safetensors\n"
    "  saeinv fetch pythia-70m-deduped@step3000            a short name; a branch, tag or commit\n"
    "  saeinv fetch gpt2-small-res-jb/blocks.8.hook_resid_pre     an SAE by SAELens's release and "
    "id\n"
    "  saeinv fetch google/gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71     by its "
    "folder\n"
    "  saeinv fetch EleutherAI/pythia-70m '*.json' vocab/         files, globs, folders\n"
    "  saeinv fetch --list google/gemma-scope-2b-pt-res           what there is, with sizes\n"
    "\n"
    "Afterwards the same name works as model.model or model.sae, and transformers, "
    "TransformerLens\n"
    "and SAELens find the files too. Files that are there already are not fetched again. Stopped\n"
    "with Ctrl-C or cut off, the same command goes on where it ended; every file is checked by "
    "size\n"
    "and hash before it counts. Prints the folder. No other command ever touches the network.\n"
    "\n"
    "  -l, --list           list the files; nothing is fetched\n"
    "  -n, --dry-run        say what would be fetched\n"
    "      --cache-dir DIR  another cache than the environment's\n"
    "  -q, --quiet          warnings and errors only\n"
    "  -h, --help           this text\n"
    "\n"
    "Environment\n"
    "  HF_HUB_CACHE         the cache; else HF_HOME/hub, else ~/.cache/huggingface/hub\n"
    "  HF_TOKEN             access token for gated and private repositories; else HF_TOKEN_PATH,\n"
    "                       else HF_HOME/token, as huggingface-cli login leaves it\n"
    "  HF_ENDPOINT          another hub than huggingface.co\n"
    "  HF_HUB_OFFLINE       1: fetch refuses\n"
    "  SAEINV_RELEASES      your own table of releases; else ~/.config/saeinv/releases.json\n";

enum { OPTION_CACHE_DIR = 256 };

static const struct option options[] = {
    {"list", no_argument, NULL, 'l'},
    {"dry-run", no_argument, NULL, 'n'},
    {"cache-dir", required_argument, NULL, OPTION_CACHE_DIR},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static void print_files(const fetch_result *result, bool dry_run)
{
    char size[SIZE_TEXT];
    int64_t total = 0;
    for (int i = 0; i < result->n_files; i++) {
        const hub_file *f = &result->files[i];
        printf("%10s  %s  %s\n", size_text(size, f->size), f->present ? "cached" : "      ",
               f->name);
        if (f->size > 0 && !(dry_run && f->present) && f->size <= INT64_MAX - total)
            total += f->size;
    }
    printf("%10s  %s, %s\n", size_text(size, total), dry_run ? "to fetch" : "in all",
           result->commit);
}

static err_code fetch(const fetch_request *request, const char *cache, report_level level, err *e)
{
    arena memory = {0};
    hub_settings settings;
    hub_network network;
    fetch_result result;
    reporter r = reporter_new(level);
    err_code rc;
    cancel_install();
    if ((rc = hub_settings_read(&settings, &memory, e)) ||
        (rc = hub_network_read(&network, &memory, e)) || (rc = hub_network_start(e)))
        goto out;
    if (cache)
        settings.cache = cache;
    rc = hub_fetch(&result, request, &settings, &network, &r, &memory, e);
    hub_network_end();
    if (!rc && (request->list || request->dry_run))
        print_files(&result, request->dry_run);
    else if (!rc)
        puts(result.dir);
out:
    arena_release(&memory);
    return rc;
}

err_code command_fetch(int argc, char **argv, err *e)
{
    fetch_request request = {0};
    const char *cache = NULL;
    report_level level = REPORT_NORMAL;
    err_code rc = OK;
    int option;
    while (!rc && (option = getopt_long(argc, argv, ":lnqh", options, NULL)) != -1) {
        switch (option) {
        case 'l':
            request.list = true;
            break;
        case 'n':
            request.dry_run = true;
            break;
        case OPTION_CACHE_DIR:
            cache = optarg;
            break;
        case 'q':
            level = REPORT_QUIET;
            break;
        case 'h':
            fputs(help, stdout);
            return OK;
        default:
            rc = command_bad_option("fetch", option, argv, options, e);
        }
    }
    if (rc)
        return rc;
    if (optind == argc)
        return err_set(e, E_USAGE,
                       "fetch: name a repository, a model or RELEASE/SAE_ID; see saeinv "
                       "fetch --help");
    request.name = argv[optind];
    request.patterns = (const char *const *)argv + optind + 1;
    request.n_patterns = argc - optind - 1;
    return fetch(&request, cache, level, e);
}
