/* saeinv activations: hook values, logits and features as a safetensors file. */
#include "base/memory.h"
#include "pipeline/activations.h"
#include "pipeline/command.h"
#include "pipeline/places.h"
#include <stdio.h>
#include <string.h>

static const char help[] =
    "saeinv activations - what a model and an SAE compute, as a safetensors file\n"
    "\n"
    "  saeinv activations --text \"The cat\" --hook blocks.2.hook_resid_post --out "
    "acts.safetensors\n"
    "  saeinv activations --model DIR --tokens 0,12,7 --hook 'blocks.*.hook_resid_pre' \\\n"
    "                     --logits --loss --out acts.safetensors\n"
    "  saeinv activations --model DIR --sae DIR --tokens ids.safetensors --out acts.safetensors\n"
    "\n"
    "  -m, --model NAME    folder, repository or builtin, as for saeinv run (default builtin)\n"
    "  -a, --sae NAME      also sae.activations and sae.reconstruction at its hook\n"
    "      --text TEXT     one sequence, the tokenizer's BOS before it\n"
    "      --no-bos        no BOS before --text\n"
    "      --tokens IDS    ids with commas; again for more sequences of the same length;\n"
    "                      or a .safetensors file whose tensor \"tokens\" is [sequences, tokens]\n"
    "      --hook NAME     as TransformerLens names it; again for more; blocks.*.NAME: every "
    "layer\n"
    "      --logits        the logits\n"
    "      --loss          each next token's loss in nats\n"
    "  -o, --out FILE      the file to write\n"
    "      --device NAME   cpu or ref (plain loops in double, slow: the specification)\n"
    "  -t, --threads N     0: one per processor; does not change the result\n"
    "  -h, --help          this text\n"
    "\n"
    "Every tensor is float32 [sequences, tokens, width]. In Python:\n"
    "  safetensors.torch.load_file(\"acts.safetensors\")[\"blocks.2.hook_resid_post\"]\n";

enum {
    OPTION_TEXT = 256,
    OPTION_NO_BOS,
    OPTION_TOKENS,
    OPTION_HOOK,
    OPTION_LOGITS,
    OPTION_LOSS,
    OPTION_DEVICE
};

static const struct option options[] = {
    {"model", required_argument, NULL, 'm'},
    {"sae", required_argument, NULL, 'a'},
    {"text", required_argument, NULL, OPTION_TEXT},
    {"no-bos", no_argument, NULL, OPTION_NO_BOS},
    {"tokens", required_argument, NULL, OPTION_TOKENS},
    {"hook", required_argument, NULL, OPTION_HOOK},
    {"logits", no_argument, NULL, OPTION_LOGITS},
    {"loss", no_argument, NULL, OPTION_LOSS},
    {"out", required_argument, NULL, 'o'},
    {"device", required_argument, NULL, OPTION_DEVICE},
    {"threads", required_argument, NULL, 't'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* The command line; texts borrowed from it. */
typedef struct request {
    const char *model, *sae, *text, *tokens_file, *out, *device;
    const char **hooks;
    int n_hooks;
    token_block ids;
    bool no_bos, logits, loss, help;
    long threads;
} request;

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text), k = strlen(ending);
    return n >= k && !strcmp(text + n - k, ending);
}

static err_code take_tokens(request *r, const char *value, err *e)
{
    if (ends_in(value, ".safetensors")) {
        r->tokens_file = value;
        return OK;
    }
    return token_block_add_ids(&r->ids, value, e);
}

static err_code take_option(request *r, int option, char **argv, err *e)
{
    switch (option) {
    case 'm':
        r->model = optarg;
        return OK;
    case 'a':
        r->sae = optarg;
        return OK;
    case OPTION_TEXT:
        r->text = optarg;
        return OK;
    case OPTION_NO_BOS:
        r->no_bos = true;
        return OK;
    case OPTION_TOKENS:
        return take_tokens(r, optarg, e);
    case OPTION_HOOK:
        r->hooks = mem_grow(r->hooks, (size_t)r->n_hooks + 1, sizeof *r->hooks);
        r->hooks[r->n_hooks++] = optarg;
        return OK;
    case OPTION_LOGITS:
        r->logits = true;
        return OK;
    case OPTION_LOSS:
        r->loss = true;
        return OK;
    case 'o':
        r->out = optarg;
        return OK;
    case OPTION_DEVICE:
        r->device = optarg;
        return OK;
    case 't':
        return command_number(&r->threads, "activations", "threads", optarg, 0, e);
    case 'h':
        r->help = true;
        return OK;
    default:
        return command_bad_option("activations", option, argv, options, e);
    }
}

static err_code check_request(const request *r, err *e)
{
    int sources = (r->text != NULL) + (r->tokens_file != NULL) + (r->ids.B > 0);
    if (sources != 1)
        return err_set(e, E_USAGE,
                       "activations: %s of --text, --tokens IDS and --tokens FILE; give one",
                       sources ? "more than one" : "none");
    if (!r->n_hooks && !r->sae && !r->logits && !r->loss)
        return err_set(e, E_USAGE,
                       "activations: nothing is asked for; give --hook, --sae, --logits or --loss");
    if (!r->out)
        return err_set(e, E_USAGE, "activations: where to? give --out FILE");
    return OK;
}

/* What is opened for one call. */
typedef struct session {
    pool *workers;
    backend *be;
    arena memory;
    files model_files;
    tokenizer *words; /* only for --text */
    model *model;
    sae *dictionary;
    hook hook; /* that the SAE reads */
} session;

static void session_close(session *s)
{
    sae_free(s->dictionary);
    model_free(s->model);
    tokenizer_free(s->words);
    if (s->be)
        backend_free(s->be);
    pool_free(s->workers);
    arena_release(&s->memory);
}

static err_code open_sae(session *s, const char *place, err *e)
{
    sae_place at;
    err_code rc = place_sae(&at, place, NULL, "--sae", &s->memory, e);
    if (!rc)
        rc = sae_load(&s->dictionary, s->be, &at.files, &at.hints, e);
    return rc ? rc
              : place_hook(&s->hook, model_describe(s->model), s->model_files.label,
                           sae_describe(s->dictionary), at.files.label, e);
}

static err_code session_open(session *s, const request *r, err *e)
{
    s->workers = pool_new((int)r->threads);
    err_code rc = backend_open(&s->be, r->device, s->workers, e);
    model_place network;
    if (!rc)
        rc = place_model(&network, r->model, "--model", &s->memory, e);
    if (!rc)
        s->model_files = network.files;
    if (!rc && r->text)
        rc = tokenizer_open(&s->words, &s->model_files, e);
    if (!rc)
        rc = model_load(&s->model, s->be, &s->model_files, e);
    return rc || !r->sae ? rc : open_sae(s, r->sae, e);
}

static err_code choose_tokens(request *r, const session *s, err *e)
{
    if (r->tokens_file)
        return token_block_read(&r->ids, r->tokens_file, e);
    if (!r->text)
        return OK;
    return token_block_from_text(&r->ids, s->words, r->no_bos ? -1 : tokenizer_bos(s->words),
                                 r->text, e);
}

static err_code write_activations(request *r, err *e)
{
    session s = {0};
    reporter to = reporter_new(REPORT_NORMAL);
    cancel_install();
    err_code rc = session_open(&s, r, e);
    if (!rc)
        rc = choose_tokens(r, &s, e);
    if (!rc) {
        activation_request wanted = {.model = s.model,
                                     .tokens = &r->ids,
                                     .hooks = r->hooks,
                                     .n_hooks = r->n_hooks,
                                     .logits = r->logits,
                                     .loss = r->loss,
                                     .sae = s.dictionary,
                                     .sae_hook = &s.hook};
        rc = activations_write(r->out, &wanted, &to, e);
    }
    session_close(&s);
    return rc;
}

err_code command_activations(int argc, char **argv, err *e)
{
    request r = {.model = "builtin", .device = "auto"};
    err_code rc = OK;
    int option;
    while (!rc && (option = getopt_long(argc, argv, ":m:a:o:t:h", options, NULL)) != -1)
        rc = take_option(&r, option, argv, e);
    if (!rc && optind < argc)
        rc = err_set(e, E_USAGE, "activations: \"%s\" is no option; see saeinv activations --help",
                     argv[optind]);
    if (!rc && r.help)
        fputs(help, stdout);
    else if (!rc && !(rc = check_request(&r, e)))
        rc = write_activations(&r, e);
    token_block_release(&r.ids);
    mem_free(r.hooks);
    return rc;
}
