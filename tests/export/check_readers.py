#!/usr/bin/env python3
"""Reads exports of a report with the other projects' own code. Run by hand:

    saeinv export --neuronpedia REPORT --out W/neuronpedia    (and --saedashboard, --delphi likewise)
    python tests/export/check_readers.py REPORT W [--converter neuronpedia_export.py]

Packages: sae-dashboard, eai-delphi, orjson, pandas, scikit-learn, torch. --converter is the file
sae_dashboard/neuronpedia/neuronpedia_export.py of a checkout of SAEDashboard (db4839a), which the
released package (0.8.0) does not have: Neuronpedia's own converter and the rows of its tables.
"""
import argparse
import csv
import gzip
import importlib.util
import json
import tempfile
from pathlib import Path

failures = 0


def check(name, good, why=""):
    global failures
    failures += not good
    print(f"{'ok    ' if good else 'FAILED'} {name}{'' if good else ': ' + str(why)}")


def check_saedashboard(folder):
    from sae_dashboard.neuronpedia.neuronpedia_dashboard import NeuronpediaDashboardBatch
    from sae_dashboard.neuronpedia.neuronpedia_runner_config import NeuronpediaRunnerConfig

    for file in sorted(folder.glob("batch-*.json")):
        raw = json.loads(file.read_text())
        batch = NeuronpediaDashboardBatch(**raw)
        check(f"SAEDashboard reads {file.name}, {len(batch.features)} features",
              batch.to_dict() == raw, "what it would write differs")
        # Whole batches cannot be compared: 0.8.0 asks for a member that they do not have.
        check("... and finds its features equal to themselves",
              all(a == b for a, b in zip(batch.features, NeuronpediaDashboardBatch(**raw).features)))
    settings = json.loads((folder / "run_settings.json").read_text())
    fields = set(NeuronpediaRunnerConfig.__dataclass_fields__)
    check("every member of run_settings.json is one of its configuration",
          set(settings) <= fields, set(settings) - fields)
    NeuronpediaRunnerConfig(**settings)


def rows(path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def load_converter(path):
    spec = importlib.util.spec_from_file_location("converter", path)
    module = importlib.util.module_from_spec(spec)
    import sys
    sys.modules["converter"] = module
    spec.loader.exec_module(module)
    return module


TABLES = {"release.jsonl": "SourceRelease", "model.jsonl": "Model", "sourceset.jsonl": "SourceSet",
          "source.jsonl": "Source", "features/batch-*.jsonl.gz": "Feature",
          "activations/batch-*.jsonl.gz": "Activation"}
# Made by each for itself, or known to the record and not to the converter.
OURS = {"id", "createdAt", "creatorId", "dataSource", "dataIndex", "topkCosSimIndices",
        "topkCosSimValues", "vectorDefaultSteerStrength", "sourceSetName", "maxActApprox"}


def check_neuronpedia(folder, dashboards, converter):
    place = next(folder.glob("*/*/source.jsonl")).parent
    for pattern, table in TABLES.items():
        for file in sorted(place.glob(pattern)):
            for row in rows(file):
                getattr(converter, table)(**row)
            check(f"Neuronpedia's {table} takes the rows of {file.name}", True)
    with tempfile.TemporaryDirectory() as work:
        theirs = Path(converter.export_neuronpedia_dashboards(converter.NeuronpediaExportConfig(
            saedashboard_output_dir=str(dashboards), exports_dir=work, creator_name="x",
            creator_id="x", release_id="x", release_title="x", url="", model_name=place.parent.name,
            neuronpedia_source_set_id=place.name.split("-", 1)[1],
            neuronpedia_source_set_description="x", hf_weights_repo_id="x", hf_weights_path="x/y",
            hook_point=rows(next(place.glob("features/*")))[0]["hookName"].split(".", 2)[2],
            layer_num=int(place.name.split("-")[0]), prompts_huggingface_dataset_path="x",
            n_prompts_total=1, n_tokens_in_prompt=1)))
        for kind in ("features", "activations"):
            for file in sorted((place / kind).glob("batch-*")):
                ours, made = rows(file), rows(theirs / kind / file.name)
                different = {k for a, b in zip(ours, made) for k in b
                             if k not in OURS and str(a[k]) != str(b[k]) and a[k] != b[k]}
                check(f"its converter makes of our SAEDashboard batch what stands in {kind}/{file.name}"
                      f", {len(ours)} rows", len(ours) == len(made) and not different, different)


def check_delphi(folder, report):
    from delphi.log.result_analysis import (compute_classification_metrics, compute_confusion,
                                            get_agg_metrics, load_data)

    hook = json.loads((folder / "run_config.json").read_text())["hookpoints"][0]
    frame, counts = load_data(folder / "scores", [hook])
    check(f"delphi loads {len(frame)} windows of {frame.latent_idx.nunique()} latents", len(frame) > 0)
    with open(report / "data/scores.csv", newline="") as f:
        recorded = {(int(row["feature"]), kind): float(row[column] or "nan")
                    for row in csv.DictReader(f) if row["of"] == "rule" and row["active"] == "level"
                    for kind, column in (("detection", "detection"), ("fuzz", "fuzzing"))}
    worst = 0.0
    for (latent, kind), part in frame.groupby(["latent_idx", "score_type"]):
        accuracy = compute_classification_metrics(compute_confusion(part))["accuracy"]
        worst = max(worst, abs(accuracy - recorded[latent, kind]))
    check("its balanced accuracies are the record's", worst < 1e-5, worst)
    print(get_agg_metrics(frame, counts)[["score_type", "accuracy", "f1_score"]].to_string(index=False))
    for file in (folder / "explanations").iterdir():
        check(f"a sentence in {file.name}", isinstance(json.loads(file.read_text()), str))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("report", type=Path)
    parser.add_argument("exports", type=Path)
    parser.add_argument("--converter")
    given = parser.parse_args()
    check_saedashboard(given.exports / "saedashboard")
    if given.converter:
        check_neuronpedia(given.exports / "neuronpedia", given.exports / "saedashboard",
                          load_converter(given.converter))
    check_delphi(given.exports / "delphi", given.report)
    raise SystemExit(failures > 0)
