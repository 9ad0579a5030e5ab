/* saeinv index: one page over all reports in a folder. */
#include "pipeline/command.h"
#include "pipeline/templates.h"
#include "pipeline/version.h"
#include "site/index.h"
#include <stdio.h>

static const char help[] =
    "saeinv index - one page over all reports in a folder\n"
    "\n"
    "  saeinv index reports                 writes reports/index.html and reports/README.md\n"
    "\n"
    "  -f, --force           also where an index.html or README.md of somebody else stands\n"
    "      --templates DIR   your own templates; missing ones are the built-in ones\n"
    "  -q, --quiet           print nothing\n"
    "  -h, --help            this text\n"
    "\n"
    "The page is made anew from what lies in the folder: each run with its inputs, its headline\n"
    "figures, how good its rules are, and a link. A run that is unfinished, damaged, changed "
    "since\n"
    "it was written, or from another version of saeinv is listed with the reason; folders that "
    "are\n"
    "no reports are named. Comparisons (saeinv compare) are listed with their verdict. index.json\n"
    "and index.csv hold the same for programs. Equal reports give equal bytes: there is no date.\n";

enum { OPTION_TEMPLATES = 256 };

static err_code write_index(index_request *request, const char *templates_dir, bool quiet, err *e)
{
    loaded_templates templates;
    index_counts n;
    err_code rc = templates_load(&templates, templates_dir, e);
    if (rc)
        return rc;
    request->templates = &templates.set;
    request->version = SAEINV_VERSION;
    rc = index_write(&n, request, e);
    if (!rc && !quiet)
        printf("index      %s/index.html: %d run%s, %d not whole; %d comparison%s\n", request->dir,
               n.runs, n.runs == 1 ? "" : "s", n.flagged, n.comparisons,
               n.comparisons == 1 ? "" : "s");
    templates_release(&templates);
    return rc;
}

err_code command_index(int argc, char **argv, err *e)
{
    static const struct option options[] = {
        {"force", no_argument, NULL, 'f'},
        {"templates", required_argument, NULL, OPTION_TEMPLATES},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    index_request request = {0};
    const char *templates = NULL;
    bool quiet = false;
    int option;
    while ((option = getopt_long(argc, argv, ":fqh", options, NULL)) != -1) {
        switch (option) {
        case 'f':
            request.force = true;
            break;
        case OPTION_TEMPLATES:
            templates = optarg;
            break;
        case 'q':
            quiet = true;
            break;
        case 'h':
            fputs(help, stdout);
            return OK;
        default:
            return command_bad_option("index", option, argv, options, e);
        }
    }
    if (optind + 1 != argc)
        return err_set(e, E_USAGE,
                       "index: give one folder that holds reports; see saeinv index --help");
    request.dir = argv[optind];
    return write_index(&request, templates, quiet, e);
}
