"""What SAELens lists for the releases that src/hub/release_table.c covers by patterns.

    python tests/parity/export_releases.py            writes tests/hub/fixtures/releases.tsv,
                                                      the first and last SAE of every release
    python tests/parity/export_releases.py --all      every SAE of them, for a check by hand:
                                                      make TEST_FOLDERS=hub test, then git checkout

One line per SAE: release, id, repository, folder, model, norm_scaling_factor (0: none). Needs
sae-lens; the first line of the file says which version.
"""

import importlib.metadata
import importlib.resources
import pathlib
import sys

import yaml

# Layouts that saeinv does not read; and the checkpoints of sweeps.
SKIPPED_LOADERS = {
    "connor_rob_hook_z",
    "deepseek_r1",
    "goodfire",
    "mntss_clt_layer_transcoder",
    "qwen_scope",
    "temporal",
}
SKIPPED_PREFIXES = ("sae_bench_gemma", "saebench_gemma", "gpt-oss")
# The table of SAELens names the base model here; its loader, and the paper, the tuned one.
MODELS = {"gemma-scope-9b-it-res": "gemma-2-9b-it"}


def main():
    listed = importlib.resources.files("sae_lens") / "pretrained_saes.yaml"
    releases = yaml.safe_load(listed.read_text())
    lines = [f"# sae-lens {importlib.metadata.version('sae-lens')}"]
    for release, row in releases.items():
        if row["conversion_func"] in SKIPPED_LOADERS or release.startswith(SKIPPED_PREFIXES):
            continue
        saes = [s for s in row["saes"] if "id" in s]
        for sae in saes if "--all" in sys.argv else dict.fromkeys([0, len(saes) - 1]):
            sae = sae if isinstance(sae, dict) else saes[sae]
            model = MODELS.get(release, row["model"])
            # The llama_scope loader's factor follows from hyperparams.json.
            factor = 0 if row["conversion_func"] == "llama_scope" else sae.get("norm_scaling_factor", 0)
            lines.append("\t".join(map(str, (release, sae["id"], row["repo_id"], sae["path"], model, factor))))
    out = pathlib.Path("tests/hub/fixtures/releases.tsv")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n")
    print(f"{out}: {len(lines) - 1} SAEs")


if __name__ == "__main__":
    main()
