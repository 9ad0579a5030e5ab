/* The sub-commands. Each gets its own arguments (argv[0] is its name) and returns the error that
 * main() prints. */
#ifndef PIPELINE_COMMAND_H
#define PIPELINE_COMMAND_H
#include "base/err.h"
#include <getopt.h>

typedef struct command {
    const char *name, *summary;
    err_code (*run)(int argc, char **argv, err *e);
} command;

err_code command_run(int argc, char **argv, err *e);
err_code command_render(int argc, char **argv, err *e);
err_code command_export(int argc, char **argv, err *e);
err_code command_index(int argc, char **argv, err *e);
err_code command_fetch(int argc, char **argv, err *e);
/* Its exit status is that of diff: 0 same, 1 differs (E_DIFFERS), 2 trouble. */
err_code command_compare(int argc, char **argv, err *e);
err_code command_train(int argc, char **argv, err *e);
err_code command_bench(int argc, char **argv, err *e);
err_code command_inspect(int argc, char **argv, err *e);
err_code command_activations(int argc, char **argv, err *e);

/* What to say when getopt_long() gives '?' or ':' (the short options begin with ':'): the option as
 * it was typed and the nearest one there is. E_USAGE. */
err_code command_bad_option(const char *name, int result, char **argv, const struct option *options,
                            err *e);
/* The value of --`option`: a whole number of at least `least`, else E_USAGE. */
err_code command_number(long *out, const char *name, const char *option, const char *text,
                        long least, err *e);

#endif
