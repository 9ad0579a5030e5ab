/* saeinv train: make the built-in model and SAE. */
#include "pipeline/command.h"
#include "train/train.h"
#include <stdio.h>

static const char help[] =
    "saeinv train - train the built-in language model and its sparse autoencoder\n"
    "\n"
    "  saeinv train --out src/builtin/data         about half an hour on two cores\n"
    "  saeinv train --out DIR --evaluate           measure what DIR holds, print the table\n"
    "\n"
    "  -o, --out DIR      where model/, sae/ and training/ go (default src/builtin/data)\n"
    "      --seed N       another world, another model (default 1)\n"
    "      --lm-steps N   steps of the language model's training\n"
    "      --sae-steps N  steps of the autoencoder's training\n"
    "      --keep-model   train only the autoencoder, for the model that DIR holds\n"
    "      --evaluate     no training\n"
    "  -t, --threads N    0: one per processor; does not change the result\n"
    "  -q, --quiet        warnings and errors only\n"
    "  -h, --help         this text\n"
    "\n"
    "Killed or stopped with Ctrl-C, the same command goes on from the last checkpoint.\n";

enum { OPTION_SEED = 256, OPTION_LM_STEPS, OPTION_SAE_STEPS, OPTION_KEEP, OPTION_EVALUATE };

static const struct option options[] = {
    {"out", required_argument, NULL, 'o'},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"lm-steps", required_argument, NULL, OPTION_LM_STEPS},
    {"sae-steps", required_argument, NULL, OPTION_SAE_STEPS},
    {"keep-model", no_argument, NULL, OPTION_KEEP},
    {"evaluate", no_argument, NULL, OPTION_EVALUATE},
    {"threads", required_argument, NULL, 't'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static err_code train(const train_options *o, int threads, report_level level, err *e)
{
    reporter r = reporter_new(level);
    pool *workers = pool_new(threads);
    backend *be = NULL;
    cancel_install();
    err_code rc = backend_open(&be, "cpu", workers, e);
    if (!rc)
        rc = train_builtin(o, be, &r, e);
    if (be)
        backend_free(be);
    pool_free(workers);
    return rc;
}

err_code command_train(int argc, char **argv, err *e)
{
    train_options o = train_defaults("src/builtin/data");
    report_level level = REPORT_NORMAL;
    long number = 0, threads = 0;
    err_code rc = OK;
    int option;
    while (!rc && (option = getopt_long(argc, argv, ":o:t:qh", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            o.out = optarg;
            break;
        case OPTION_SEED:
            rc = command_number(&number, "train", "seed", optarg, 0, e);
            o.seed = (uint64_t)number;
            break;
        case OPTION_LM_STEPS:
            rc = command_number(&o.lm_steps, "train", "lm-steps", optarg, 1, e);
            break;
        case OPTION_SAE_STEPS:
            rc = command_number(&o.sae_steps, "train", "sae-steps", optarg, 1, e);
            break;
        case OPTION_KEEP:
            o.keep_model = true;
            break;
        case OPTION_EVALUATE:
            o.evaluate_only = true;
            break;
        case 't':
            rc = command_number(&threads, "train", "threads", optarg, 0, e);
            break;
        case 'q':
            level = REPORT_QUIET;
            break;
        case 'h':
            fputs(help, stdout);
            return OK;
        default:
            rc = command_bad_option("train", option, argv, options, e);
        }
    }
    if (!rc && optind < argc)
        rc = err_set(e, E_USAGE, "train: \"%s\" is no option; see saeinv train --help",
                     argv[optind]);
    return rc ? rc : train(&o, (int)threads, level, e);
}
