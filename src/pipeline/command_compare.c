/* saeinv compare: finished reports side by side. */
#include "compare/report.h"
#include "pipeline/command.h"
#include "pipeline/templates.h"
#include "pipeline/version.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "saeinv compare - what differs between reports\n"
    "\n"
    "  saeinv compare reports/a reports/b                       one sentence\n"
    "  saeinv compare reports/a reports/b --out reports/a-b     and a report of its own\n"
    "  saeinv compare --tolerance 0.01 reports/cpu reports/gpu\n"
    "  saeinv compare reports/seeds/seed-* --out reports/stability   three or more: what they "
    "agree "
    "on\n"
    "\n"
    "  -o, --out DIR        write pages, compare.json and data/*.csv there; it appears whole or "
    "not\n"
    "                       at all; reports beside it are linked, others named, as links to them\n"
    "                       would not survive a move\n"
    "  -f, --force          replace an earlier comparison there\n"
    "      --tolerance T    numbers that differ by at most T of the larger one are the same\n"
    "                       (default 0; counts of tokens too, all else must be equal)\n"
    "      --templates DIR  your own templates; missing ones are the built-in ones\n"
    "  -q, --quiet          print nothing; the exit status tells\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status, as of diff: 0 the reports are the same, 1 they differ, 2 trouble (no report, "
    "one\n"
    "that this version cannot read, a folder that may not be written).\n"
    "\n"
    "Only the reports' data are read, not the model. Compared are every setting, input and value. "
    "In\n"
    "the dictionary of one SAE (the same SHA-256 and hook) features are matched by their number "
    "and\n"
    "called lost, gained, died, revived, moved, changed or same, whatever the data; clusters by "
    "the\n"
    "features they share, so that a cluster with another name is the same cluster; maps by shape, "
    "after\n"
    "one is laid upon the other. Of two SAEs of one model at one hook the chosen features are "
    "matched\n"
    "by their decoder rows: each the other's nearest, with a cosine of at least 0.7. Where not "
    "even\n"
    "that can be done, settings and metrics are compared, and the report says why nothing else "
    "is.\n"
    "\n"
    "Three reports or more are put side by side: how much every metric varies, which features all "
    "of\n"
    "them chose, how far their clusters, best sequences and rules agree, and for different SAEs "
    "the\n"
    "PW-MCC of the chosen features (saeinv run --seeds N makes runs of one SAE).\n";

enum { OPTION_TOLERANCE = 256, OPTION_TEMPLATES };

static err_code take_tolerance(double *out, const char *text, err *e)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    if (end == text || *end || errno || !isfinite(*out) || *out < 0)
        return err_set(e, E_USAGE,
                       "compare: --tolerance %.100s: expected a number of at least 0, such as 0.01",
                       text);
    return OK;
}

static err_code compare(compare_request *request, const char *templates_dir, bool quiet, err *e)
{
    loaded_templates templates;
    str summary = {0};
    bool same = false;
    err_code rc = templates_load(&templates, templates_dir, e);
    if (rc)
        return rc;
    request->templates = &templates.set;
    request->version = SAEINV_VERSION;
    rc = compare_reports(&same, &summary, request, e);
    if (!rc && !quiet)
        fputs(str_text(&summary), stdout);
    str_release(&summary);
    templates_release(&templates);
    return rc ? rc : same ? OK : err_set(e, E_DIFFERS, "the reports differ");
}

err_code command_compare(int argc, char **argv, err *e)
{
    static const struct option options[] = {
        {"out", required_argument, NULL, 'o'},
        {"force", no_argument, NULL, 'f'},
        {"tolerance", required_argument, NULL, OPTION_TOLERANCE},
        {"templates", required_argument, NULL, OPTION_TEMPLATES},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    compare_request request = {0};
    const char *templates = NULL;
    bool quiet = false;
    err_code rc = OK;
    int option;
    while (!rc && (option = getopt_long(argc, argv, ":o:fqh", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            request.out = optarg;
            break;
        case 'f':
            request.force = true;
            break;
        case OPTION_TOLERANCE:
            rc = take_tolerance(&request.tolerance, optarg, e);
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
            rc = command_bad_option("compare", option, argv, options, e);
        }
    }
    if (rc)
        return rc;
    if (optind + 2 > argc)
        return err_set(e, E_USAGE,
                       "compare: give two report folders or more; see saeinv compare --help");
    request.folders = (const char *const *)&argv[optind];
    request.n = argc - optind;
    return compare(&request, templates, quiet, e);
}
