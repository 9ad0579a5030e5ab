"""Writes tests/train/fixtures/builtin_parity.safetensors: what Hugging Face transformers and SAELens
compute from the built-in folders, for tests/train/test_builtin_parity.c. Run it again after the
built-in model was trained again.

    pip install transformers sae-lens safetensors     (made with 5.23 and 6.54.12)
    python tests/train/export_builtin_parity.py
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from sae_lens import SAE
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = Path(__file__).parents[2]
DATA = ROOT / "src/builtin/data"
OUT = ROOT / "tests/train/fixtures/builtin_parity.safetensors"
PROMPTS = [
    'Anna walked to the harbour. "Where is the boat?" she asked. "I do not know," Ned said.',
    "Dear Ruth,\n\nThank you for your letter. We were in the garden on 3 May",
    "Pancakes\n\n- 2 cups of flour\n- 3 eggs\n\n1. Mix the flour and the eggs.\n2. Add",
]
LAST = 4  # positions at the end of each prompt whose logits are kept


def main():
    tokenizer = AutoTokenizer.from_pretrained(DATA / "model")
    model = AutoModelForCausalLM.from_pretrained(
        DATA / "model", torch_dtype=torch.float32, attn_implementation="eager").eval()
    sae = SAE.load_from_disk(DATA / "sae", device="cpu")
    layer = int(sae.cfg.metadata.hook_name.split(".")[1])
    tensors, largest = {}, 0.0
    for i, prompt in enumerate(PROMPTS):
        ids = [0] + tokenizer(prompt, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            out = model(torch.tensor([ids]), output_hidden_states=True)
            features = sae.encode(out.hidden_states[layer + 1][0])
            output = sae.decode(features)
        active = features.nonzero()
        tensors |= {
            f"{i}.ids": torch.tensor(ids, dtype=torch.float32),
            f"{i}.logits": out.logits[0, -LAST:].contiguous(),
            f"{i}.resid": out.hidden_states[layer + 1][0, -LAST:].contiguous(),
            f"{i}.active": active.to(torch.float32).contiguous(),
            f"{i}.values": features[active[:, 0], active[:, 1]].contiguous(),
            f"{i}.output": output[-LAST:].contiguous(),
        }
        largest = max(largest, features.max().item())
        print(len(ids), "tokens,", len(active), "active")
    OUT.parent.mkdir(exist_ok=True)
    save_file(tensors, OUT, metadata={"prompts": json.dumps(PROMPTS)})
    print(OUT.stat().st_size, "bytes, largest activation", largest)


main()
