/* One function a format: writes its files into the empty folder `dir` and appends to `notes` what
 * stayed empty or differs, a line each, "- ...". */
#ifndef EXPORT_FORMATS_H
#define EXPORT_FORMATS_H
#include "export/names.h"

/* Features in one file. */
enum { EXPORT_BATCH = 128 };

typedef err_code export_writer(const char *dir, const record *r, const export_names *names,
                               str *notes, err *e);

/* batch-N.json, run_settings.json, skipped_indexes.json: keys as SAEDashboard's NeuronpediaRunner
 * writes them (decoderesearch/SAEDashboard db4839a, neuronpedia_dashboard.py, *_runner_config.py).
 */
export_writer export_saedashboard;

/* MODEL/SOURCE/ with release, model, sourceset and source.jsonl and features, activations and
 * explanations/batch-N.jsonl.gz: rows as Neuronpedia's importer puts them into its tables
 * (hijohnnylin/neuronpedia ebb8426, neuronpedia_utils/db_models, lib/db/import.ts). */
export_writer export_neuronpedia;

/* run_config.json, explanations/HOOK_latentN.txt, scores/{detection,fuzz}/HOOK_latentN.txt as
 * delphi leaves them under results/NAME (EleutherAI/delphi 3c2e139, __main__.py,
 * scorers/classifier). */
export_writer export_delphi;

#endif
