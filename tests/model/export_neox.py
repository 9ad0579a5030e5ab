"""Writes tests/model/fixtures/neox_*: tiny random GPT-NeoX models as Hugging Face transformers saves
them, with what transformers computes from them, for test_parity.c.

    python tests/model/export_neox.py tests/model/fixtures

Needs torch and transformers. Expected values are in expected.safetensors: tokens [B, T] and targets
[B, T] (as float), logits, hidden_states of every layer (the last one before the final norm), the
cross-entropy summed over tokens and its gradient at the input embeddings.
"""
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

KINDS = {
    "neox_parallel": dict(use_parallel_residual=True),
    "neox_sequential": dict(use_parallel_residual=False, hidden_act="gelu_new", rotary_pct=1.0,
                            rotary_emb_base=500, attention_bias=False),
}


def export(folder, name, settings):
    torch.manual_seed(7)
    config = GPTNeoXConfig(**{**dict(
        vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=32, rotary_pct=0.25, hidden_act="gelu",
        bos_token_id=0, eos_token_id=0, hidden_dropout=0.0, attention_dropout=0.0), **settings})
    model = GPTNeoXForCausalLM(config).eval()
    with torch.no_grad():  # biases and gains that are not constants
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    path = os.path.join(folder, name)
    model.save_pretrained(path)
    for extra in ("generation_config.json",):
        if os.path.exists(os.path.join(path, extra)):
            os.remove(os.path.join(path, extra))

    model = model.double()
    tokens = torch.randint(0, 100, (3, 11))
    targets = torch.randint(0, 100, (3, 11))
    x = model.gpt_neox.embed_in(tokens).detach().requires_grad_(True)
    last = {}
    model.gpt_neox.final_layer_norm.register_forward_pre_hook(
        lambda module, inputs: last.update(resid=inputs[0]))
    out = model(inputs_embeds=x, output_hidden_states=True)
    loss = torch.nn.functional.cross_entropy(out.logits.flatten(0, 1), targets.flatten(),
                                             reduction="sum")
    loss.backward()
    hidden = list(out.hidden_states[:-1]) + [last["resid"]]
    values = {"tokens": tokens, "targets": targets, "logits": out.logits,
              "loss": loss.reshape(1), "d_embeds": x.grad, "hidden": torch.stack(hidden)}
    save_file({key: value.detach().float().contiguous() for key, value in values.items()},
              os.path.join(path, "expected.safetensors"))


for kind, kind_settings in KINDS.items():
    export(sys.argv[1], kind, kind_settings)
