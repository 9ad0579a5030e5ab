/* saeinv export: a finished report in another program's format. */
#include "export/export.h"
#include "pipeline/command.h"
#include <stdio.h>

static const char help[] =
    "saeinv export - write a report in another program's format\n"
    "\n"
    "  saeinv export --neuronpedia reports/default --out for-neuronpedia\n"
    "  saeinv export --saedashboard reports/default --out dashboards\n"
    "  saeinv export --delphi reports/default --out results\n"
    "\n"
    "      --neuronpedia    MODEL/SOURCE/ with the rows of Neuronpedia's bulk import\n"
    "      --saedashboard   batch-N.json and what stands beside them, as SAEDashboard writes them\n"
    "                       and Neuronpedia's converter reads them\n"
    "      --delphi         sentences and judged windows, as delphi keeps them in results/NAME\n"
    "\n"
    "      --out DIR        the folder to make; it appears whole or not at all\n"
    "      --force          replace an earlier export there\n"
    "      --model ID       what the model is called over there (default: from its source)\n"
    "      --set ID         what the SAEs of all layers are called (default: from the SAE's "
    "source)\n"
    "      --creator ID     a user's id over there; Neuronpedia's tables ask for one\n"
    "  -h, --help           this text\n"
    "\n"
    "Only the report's data are read, not the model. Every feature that has a page is written. "
    "What\n"
    "a report does not hold stays empty; DIR/README.md and this command say what that is.\n";

enum { OPTION_OUT = 256, OPTION_FORCE, OPTION_MODEL, OPTION_SET, OPTION_CREATOR, OPTION_FORMAT };

static err_code export_to(const char *report, const char *out, const export_options *o, err *e)
{
    str summary = {0};
    err_code rc = export_report(&summary, report, out, o, e);
    if (!rc)
        fputs(str_text(&summary), stdout);
    str_release(&summary);
    return rc;
}

err_code command_export(int argc, char **argv, err *e)
{
    static const struct option options[] = {
        {"neuronpedia", no_argument, NULL, OPTION_FORMAT + EXPORT_NEURONPEDIA},
        {"saedashboard", no_argument, NULL, OPTION_FORMAT + EXPORT_SAEDASHBOARD},
        {"delphi", no_argument, NULL, OPTION_FORMAT + EXPORT_DELPHI},
        {"out", required_argument, NULL, OPTION_OUT},
        {"force", no_argument, NULL, OPTION_FORCE},
        {"model", required_argument, NULL, OPTION_MODEL},
        {"set", required_argument, NULL, OPTION_SET},
        {"creator", required_argument, NULL, OPTION_CREATOR},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    export_options o = {.format = EXPORT_FORMATS};
    const char *out = NULL;
    int option;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return OK;
        }
        if (option >= OPTION_FORMAT && o.format != EXPORT_FORMATS)
            return err_set(e, E_USAGE, "export: one format at a time; see saeinv export --help");
        if (option >= OPTION_FORMAT)
            o.format = (export_format)(option - OPTION_FORMAT);
        else if (option == OPTION_OUT)
            out = optarg;
        else if (option == OPTION_FORCE)
            o.force = true;
        else if (option == OPTION_MODEL)
            o.model = optarg;
        else if (option == OPTION_SET)
            o.set = optarg;
        else if (option == OPTION_CREATOR)
            o.creator = optarg;
        else
            return command_bad_option("export", option, argv, options, e);
    }
    if (o.format == EXPORT_FORMATS)
        return err_set(e, E_USAGE, "export: in which format? See saeinv export --help");
    if (!out)
        return err_set(e, E_USAGE, "export: --out DIR is missing; see saeinv export --help");
    if (optind + 1 != argc)
        return err_set(e, E_USAGE, "export: give one report folder; see saeinv export --help");
    return export_to(argv[optind], out, &o, e);
}
