"""Writes tests/sae/fixtures: small SAEs saved by SAELens itself, with the activations and
reconstructions it computes from them, for tests/sae/test_saelens.c.

    pip install sae-lens safetensors        (made with sae-lens 6.54.12)
    python tests/sae/export_saelens.py
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from sae_lens import SAE

ROWS, D_IN, D_SAE = 9, 12, 40
FIXTURES = Path(__file__).parent / "fixtures"
# name: architecture, apply_b_dec_to_input, normalize_activations
CASES = {
    "standard": ("standard", True, "none"),
    "standard_plain": ("standard", False, "none"),
    "jumprelu": ("jumprelu", True, "none"),
    "jumprelu_plain": ("jumprelu", False, "none"),
    "standard_norm": ("standard", True, "constant_norm_rescale"),
    "jumprelu_layer_norm": ("jumprelu", True, "layer_norm"),
}


def make(architecture, apply_b_dec, normalize):
    sae = SAE.from_dict({
        "architecture": architecture, "d_in": D_IN, "d_sae": D_SAE, "dtype": "float32",
        "device": "cpu", "apply_b_dec_to_input": apply_b_dec, "normalize_activations": normalize,
        "metadata": {"hook_name": "blocks.1.hook_resid_post", "model_name": "test",
                     "prepend_bos": True, "context_size": 128},
    })
    with torch.no_grad():
        for parameter in sae.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
    return sae


def main():
    torch.manual_seed(1)
    for name, case in CASES.items():
        folder = FIXTURES / name
        folder.mkdir(parents=True, exist_ok=True)
        sae = make(*case)
        sae.save_model(folder)
        x = torch.randn(ROWS, D_IN) * 2 + 0.3
        with torch.no_grad():
            f = sae.encode(x)
            y = sae.decode(f)
        save_file({"x": x, "f": f.contiguous(), "y": y.contiguous()}, folder / "expected.safetensors")
        config = json.loads((folder / "cfg.json").read_text())
        print(name, config["architecture"], f"{(f > 0).float().sum(-1).mean():.1f} active")


main()
