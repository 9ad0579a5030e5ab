/* saeinv: the command table, the one place that prints errors and chooses the exit status. */
#include "base/memory.h"
#include "base/str.h"
#include "compute/backend.h"
#include "pipeline/command.h"
#include "pipeline/version.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const command commands[] = {
    {"run", "run the whole experiment and write a report", command_run},
    {"render", "make a report's pages again from its data", command_render},
    {"index", "one page over all reports in a folder", command_index},
    {"compare", "what differs between two reports", command_compare},
    {"export", "write a report in another program's format", command_export},
    {"fetch", "download a model or an SAE into the standard cache", command_fetch},
    {"train", "train the built-in model and its sparse autoencoder", command_train},
    {"inspect", "what is in a model, an SAE or a weights file", command_inspect},
    {"activations", "write hook values, logits and SAE features to a file", command_activations},
    {"bench", "time the hot paths beside the machine's own peak", command_bench},
};

static void print_help(FILE *to)
{
    fputs("saeinv " SAEINV_VERSION " - what does this SAE feature look for? The inverse side.\n\n"
          "  saeinv COMMAND [options]      saeinv COMMAND --help explains each\n\n",
          to);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fputs("\n  saeinv run --out reports/default\n"
          "runs everything on the built-in model; then open reports/default/index.html.\n",
          to);
}

/* OpenBLAS chooses its kernels before main() runs; where it chose wrongly, start again with its
 * environment variable set. When that fails the run is slower, not wrong. */
static void start_with_right_kernels(char **argv)
{
    const char *core = cpu_blas_core_override();
    if (core && setenv("OPENBLAS_CORETYPE", core, 1) == 0)
        execv("/proc/self/exe", argv);
}

static const command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return NULL;
}

static int no_command(const char *name)
{
    const char *names[COUNT_OF(commands)];
    err e;
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        names[i] = commands[i].name;
    err_set(&e, E_USAGE, "no command \"%.200s\"; did you mean %s? See saeinv help", name,
            nearest_name(name, names, COUNT_OF(names)));
    fprintf(stderr, "saeinv: %s\n", e.text);
    return 2;
}

/* "saeinv help", "saeinv help run" (the same as "saeinv run --help"), "saeinv --help". */
static int help(const char *name)
{
    const command *c = name ? find_command(name) : NULL;
    if (name && !c)
        return no_command(name);
    if (!c) {
        print_help(stdout);
        return 0;
    }
    char option[] = "--help", *arguments[] = {(char[]){""}, option, NULL};
    err e;
    return c->run(2, arguments, &e) == OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (!*name) {
        print_help(stderr);
        return 2;
    }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
        return help(argc > 2 ? argv[2] : NULL);
    if (!strcmp(name, "--version") || !strcmp(name, "version")) {
        puts("saeinv " SAEINV_VERSION);
        return 0;
    }
    const command *c = find_command(name);
    if (!c)
        return no_command(name);
    start_with_right_kernels(argv);
    opterr = 0; /* options are answered in our own words */
    err e;
    err_code rc = c->run(argc - 1, argv + 1, &e);
    if ((!rc || rc == E_DIFFERS) && (fflush(stdout) != 0 || ferror(stdout)))
        rc = err_set(&e, E_IO, "standard output: cannot write; is the disk full?");
    if (!rc)
        return 0;
    if (rc == E_DIFFERS)
        return 1;
    bool like_diff = c->run == command_compare;
    fprintf(stderr, "saeinv: %s\n", e.text);
    return rc == E_CANCELLED ? 130 : rc == E_USAGE || rc == E_CONFIG || like_diff ? 2 : 1;
}
