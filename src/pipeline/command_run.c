/* saeinv run, saeinv render: arguments to a configuration, then the pipeline. */
#include "base/memory.h"
#include "pipeline/command.h"
#include "pipeline/seeds.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char run_help[] =
    "saeinv run - run the whole experiment and write a report\n"
    "\n"
    "  saeinv run --out reports/default            the built-in model, everything by default\n"
    "  saeinv run --data book.txt --out reports/book\n"
    "  saeinv run --model DIR --sae DIR --data prompts.jsonl.gz --out reports/mine\n"
    "  saeinv run --model EleutherAI/pythia-70m-deduped --data wikitext.txt \\\n"
    "             --sae pythia-70m-deduped-mlp-sm/blocks.3.hook_mlp_out\n"
    "  saeinv run --set select.features=12,40 --set optimise.restarts=16 --out reports/two\n"
    "  saeinv run --target neuron:blocks.2.mlp.hook_post:3,neuron:blocks.2.mlp.hook_post:7\n"
    "  saeinv run --print-config >run.json         every key, explained; then --config run.json\n"
    "\n"
    "where the report goes\n"
    "  -o, --out DIR         folder of the report (default reports/run)\n"
    "  -f, --force           replace the report that is there\n"
    "      --single-file F   the report's main pages also as one HTML file F, to send or archive;\n"
    "                        of many targets about twelve in whole, the others a line each\n"
    "      --templates DIR   your own templates; missing ones are the built-in ones\n"
    "\n"
    "what is run (later options win over earlier ones)\n"
    "  -c, --config FILE     JSON, // comments allowed\n"
    "      --preset seed     the thresholds of the original Python program\n"
    "  -s, --set KEY=VALUE   any key of --print-config\n"
    "  -m, --model NAME      = --set model.model=NAME: a folder, builtin, or a repository that\n"
    "                        other tools or saeinv fetch put into the Hugging Face cache\n"
    "  -a, --sae NAME        = --set model.sae=NAME: likewise, or SAELens's RELEASE/ID\n"
    "      --target LIST     = --set model.target=LIST: neurons, directions from a file, contrasts "
    "of\n"
    "                        features, as neuron:blocks.2.mlp.hook_post:0-15 (see --print-config)\n"
    "  -d, --data FILES      = --set collect.data=FILES\n"
    "      --effort HOW      = --set search.effort=HOW: warm (from data windows alone), standard "
    "or\n"
    "                        thorough; what it costs is printed before it starts\n"
    "      --seed N          = --set run.seed=N\n"
    "      --seeds N         N runs with seeds run.seed, run.seed + 1, ...: DIR/seed-1 and so on, "
    "and\n"
    "                        DIR/stability, which says what they agree on\n"
    "  -t, --threads N       = --set run.threads=N\n"
    "      --device NAME     = --set run.device=NAME\n"
    "      --print-config    print the configuration this command would run, and stop\n"
    "\n"
    "  -q, --quiet           warnings and errors only\n"
    "  -v, --verbose         more detail\n"
    "  -h, --help            this text\n"
    "\n"
    "a language model's sentence for each target (off by default; nothing else uses the network)\n"
    "  --set explainer.url=https://HOST/v1/chat/completions --set explainer.model=NAME\n"
    "                        the key is taken from OPENAI_API_KEY (explainer.key_env); the cost "
    "is\n"
    "                        printed first and limited (explainer.*_price, explainer.max_cost);\n"
    "                        answers are kept and never asked for twice\n"
    "\n"
    "Ctrl-C loses nothing that was finished: the same command goes on from there, in the stages\n"
    "that take longest (collect, optimise, search, effects) in their middle. A killed run loses\n"
    "the last minute of them.\n";

static const char render_help[] =
    "saeinv render - make the pages of a report again from its data\n"
    "\n"
    "  saeinv render reports/default\n"
    "  saeinv render --templates my-templates reports/default\n"
    "  saeinv render --single-file default.html reports/default\n"
    "  saeinv render reports/default --out reports/again\n"
    "\n"
    "  -o, --out DIR         a second report there; the first stays as it is\n"
    "  -f, --force           replace the report that is there\n"
    "      --templates DIR   your own templates; missing ones are the built-in ones\n"
    "      --single-file F   also one HTML file F, to send or archive: the overview, the "
    "targets,\n"
    "                        the list of clusters and the method, figures and style inside, no\n"
    "                        script, nothing loaded. Of many targets only as many stand in it in\n"
    "                        whole as keep it within 10,000 elements (about twelve), those worth\n"
    "                        a look first before others; each other one is a line. What is folded "
    "away on the pages, other\n"
    "                        sortings, the clusters' own pages, the values of figures and the "
    "times\n"
    "                        are in the report alone; the file names what it leaves out\n"
    "      --values DIR      for writing templates: every value that each page's template can "
    "use,\n"
    "                        a JSON file for each page (templates/README.md says what they mean)\n"
    "\n"
    "Until all pages are made the report is as it was; data/, run.json, volatile/ and files of "
    "your\n"
    "own in it stay.\n";

enum {
    OPTION_TEMPLATES = 256,
    OPTION_SINGLE_FILE,
    OPTION_VALUES,
    OPTION_PRESET,
    OPTION_TARGET,
    OPTION_EFFORT,
    OPTION_SEED,
    OPTION_SEEDS,
    OPTION_DEVICE,
    OPTION_PRINT
};

static const struct option run_options[] = {
    {"out", required_argument, NULL, 'o'},
    {"force", no_argument, NULL, 'f'},
    {"templates", required_argument, NULL, OPTION_TEMPLATES},
    {"single-file", required_argument, NULL, OPTION_SINGLE_FILE},
    {"config", required_argument, NULL, 'c'},
    {"preset", required_argument, NULL, OPTION_PRESET},
    {"set", required_argument, NULL, 's'},
    {"model", required_argument, NULL, 'm'},
    {"sae", required_argument, NULL, 'a'},
    {"target", required_argument, NULL, OPTION_TARGET},
    {"effort", required_argument, NULL, OPTION_EFFORT},
    {"data", required_argument, NULL, 'd'},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"seeds", required_argument, NULL, OPTION_SEEDS},
    {"threads", required_argument, NULL, 't'},
    {"device", required_argument, NULL, OPTION_DEVICE},
    {"print-config", no_argument, NULL, OPTION_PRINT},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* What a run command line asks for. */
typedef struct run_command {
    run_config config;
    run_places places;
    int n_seeds; /* 1: one run, whose folder is the report */
    report_level level;
    bool print, help;
} run_command;

static err_code take_seeds(int *out, const char *text, err *e)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < 2 || n > MOST_SEEDS)
        return err_set(e, E_USAGE, "run: --seeds %.100s: expected a number of runs from 2 to %d",
                       text, MOST_SEEDS);
    *out = (int)n;
    return OK;
}

static err_code take_option(run_command *c, int option, char **argv, err *e)
{
    const char *value = optarg;
    switch (option) {
    case 'o':
        c->places.out = value;
        return OK;
    case 'f':
        c->places.force = true;
        return OK;
    case OPTION_TEMPLATES:
        c->places.templates = value;
        return OK;
    case OPTION_SINGLE_FILE:
        c->places.single_file = value;
        return OK;
    case 'c':
        return run_config_read(&c->config, value, e);
    case OPTION_PRESET:
        return run_config_preset(&c->config, value, e);
    case 's':
        return run_config_set_pair(&c->config, value, e);
    case 'm':
        return run_config_set(&c->config, "model.model", value, e);
    case 'a':
        return run_config_set(&c->config, "model.sae", value, e);
    case OPTION_TARGET:
        return run_config_set(&c->config, "model.target", value, e);
    case OPTION_EFFORT:
        return run_config_set(&c->config, "search.effort", value, e);
    case 'd':
        return run_config_set(&c->config, "collect.data", value, e);
    case OPTION_SEED:
        return run_config_set(&c->config, "run.seed", value, e);
    case OPTION_SEEDS:
        return take_seeds(&c->n_seeds, value, e);
    case 't':
        return run_config_set(&c->config, "run.threads", value, e);
    case OPTION_DEVICE:
        return run_config_set(&c->config, "run.device", value, e);
    case OPTION_PRINT:
        c->print = true;
        return OK;
    case 'q':
        c->level = REPORT_QUIET;
        return OK;
    case 'v':
        c->level = REPORT_VERBOSE;
        return OK;
    case 'h':
        c->help = true;
        return OK;
    default:
        return command_bad_option("run", option, argv, run_options, e);
    }
}

err_code command_run(int argc, char **argv, err *e)
{
    run_command *c = mem_small(1, sizeof *c);
    *c = (run_command){
        .config = run_config_defaults(), .places = {.out = "reports/run"}, .level = REPORT_NORMAL};
    err_code rc = OK;
    int option;
    while (!rc &&
           (option = getopt_long(argc, argv, ":o:fc:s:m:a:d:t:qvh", run_options, NULL)) != -1)
        rc = take_option(c, option, argv, e);
    if (!rc && optind < argc)
        rc = err_set(e, E_USAGE, "run: \"%s\" is no option; see saeinv run --help", argv[optind]);
    if (!rc && c->n_seeds > 1 && c->places.single_file)
        rc = err_set(e, E_USAGE,
                     "run: --single-file is of one report: make it of one of the runs with saeinv "
                     "render --single-file");
    if (rc)
        goto out;
    if (c->help) {
        fputs(run_help, stdout);
    } else if (c->print) {
        str text = {0};
        run_config_print(&text, &c->config);
        fputs(str_text(&text), stdout);
        str_release(&text);
    } else {
        reporter r = reporter_new(c->level);
        cancel_install();
        rc = c->n_seeds > 1 ? seeds_run(&c->config, &c->places, c->n_seeds, &r, e)
                            : pipeline_run(&c->config, &c->places, &r, e);
    }
out:
    mem_free(c);
    return rc;
}

err_code command_render(int argc, char **argv, err *e)
{
    static const struct option options[] = {
        {"out", required_argument, NULL, 'o'},
        {"force", no_argument, NULL, 'f'},
        {"templates", required_argument, NULL, OPTION_TEMPLATES},
        {"single-file", required_argument, NULL, OPTION_SINGLE_FILE},
        {"values", required_argument, NULL, OPTION_VALUES},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    run_places places = {.out = NULL};
    int option;
    while ((option = getopt_long(argc, argv, ":o:fh", options, NULL)) != -1) {
        switch (option) {
        case 'h':
            fputs(render_help, stdout);
            return OK;
        case 'o':
            places.out = optarg;
            break;
        case 'f':
            places.force = true;
            break;
        case OPTION_TEMPLATES:
            places.templates = optarg;
            break;
        case OPTION_SINGLE_FILE:
            places.single_file = optarg;
            break;
        case OPTION_VALUES:
            places.values = optarg;
            break;
        default:
            return command_bad_option("render", option, argv, options, e);
        }
    }
    if (optind + 1 != argc)
        return err_set(e, E_USAGE, "render: give one report folder; see saeinv render --help");
    reporter r = reporter_new(REPORT_NORMAL);
    return pipeline_render(argv[optind], &places, &r, e);
}
