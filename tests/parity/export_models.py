"""Writes tests/parity/fixtures/models/NAME: a tiny random model as Hugging Face transformers saves
it, and in expected.safetensors what transformers and TransformerLens compute from it.

    python tests/parity/export_models.py tests/parity/fixtures/models [NAME...]

Needs torch, transformers, transformer-lens and sae-lens; no network. The rows are in model_kinds.py.
Everything is computed in float64 from the weights as stored, with eager attention (transformers keeps
norms of the Llama kind, rotation angles and GPT-Neo's scores in float32 even then), and written as
float32. Tensors of expected.safetensors:

    tokens, targets [B, T]; logits [B, T, V]; loss [1]: cross-entropy summed over all targets
    loss gradient [B, T, D]: of that loss at the input embeddings (hook_embed)
    value NAME [B, T, width]: at every hook
    token_weights [B, T], direction [widest]: what gradients are taken of:
    gradient NAME [B, T, D]: of sum over tokens of token weight * (value . direction) at hook_embed;
        at the last layer, which the gradient leaves through all others
    OPTIONS value NAME, OPTIONS gradient NAME: the same after TransformerLens's weight processing,
        OPTIONS being "center_writing_weights" and so on, several joined by "+"

Values come from transformers' modules. Where TransformerLens has the network (`lens`), its own are
compared with them, hook by hook, and the export fails when they differ. Processed values are
TransformerLens's.
"""
import importlib
import importlib.metadata
import json
import os
import shutil
import sys

import torch
from sae_lens import HookedSAETransformer
from safetensors.torch import load_file, save_file
from transformer_lens.config.hooked_transformer_config import HookedTransformerConfig
from transformer_lens.pretrained import weight_conversions
from transformers import AutoConfig, AutoModelForCausalLM

from model_kinds import KINDS

B, T = 2, 9
PROCESSING = [["center_writing_weights"], ["fold_value_biases"], ["fold_ln"],
              ["center_writing_weights", "fold_ln", "fold_value_biases"]]

# Where each thing lies in a block of transformers' networks.
LLAMA_PARTS = dict(blocks="model.layers", final="model.norm", ln1="input_layernorm",
                   ln2="post_attention_layernorm", q="self_attn.q_proj", k="self_attn.k_proj",
                   v="self_attn.v_proj", out="self_attn.o_proj", pre="mlp.gate_proj",
                   pre_linear="mlp.up_proj", down="mlp.down_proj", mlp="mlp",
                   attn_out="self_attn.o_proj", mlp_out="mlp.down_proj",
                   embed="model.embed_tokens", attention="self_attn")
GPT2_PARTS = dict(blocks="transformer.h", final="transformer.ln_f", ln1="ln_1", ln2="ln_2",
                  qkv="attn.c_attn", out="attn.c_proj", pre="mlp.c_fc", down="mlp.c_proj",
                  mlp="mlp", attn_out="attn.c_proj", mlp_out="mlp.c_proj",
                  embed="transformer.wte", positions="transformer.wpe", attention="attn")
PARTS = dict(
    gpt2=GPT2_PARTS,
    gpt_neo=dict({key: value for key, value in GPT2_PARTS.items() if key != "qkv"},
                 q="attn.attention.q_proj", k="attn.attention.k_proj", v="attn.attention.v_proj",
                 out="attn.attention.out_proj", attn_out="attn.attention.out_proj"),
    gpt_neox=dict(blocks="gpt_neox.layers", final="gpt_neox.final_layer_norm",
                  ln1="input_layernorm", ln2="post_attention_layernorm",
                  qkv="attention.query_key_value", out="attention.dense",
                  pre="mlp.dense_h_to_4h", down="mlp.dense_4h_to_h", mlp="mlp",
                  attn_out="attention.dense", mlp_out="mlp.dense_4h_to_h",
                  embed="gpt_neox.embed_in", attention="attention"),
    gemma2=dict(LLAMA_PARTS, ln2="pre_feedforward_layernorm",
                attn_out="post_attention_layernorm", mlp_out="post_feedforward_layernorm"))
for llama_like in ("llama", "mistral", "gemma", "qwen2", "qwen3"):
    PARTS[llama_like] = LLAMA_PARTS

LAYER_NORM = ("gpt2", "gpt_neo", "gpt_neox")  # TransformerLens centres nothing else
CONVERSIONS = dict(gpt2="convert_gpt2_weights", gpt_neo="convert_neo_weights",
                   gpt_neox="convert_neox_weights", llama="convert_llama_weights",
                   mistral="convert_mistral_weights", gemma="convert_gemma_weights",
                   gemma2="convert_gemma_weights", qwen2="convert_qwen2_weights",
                   qwen3="convert_qwen3_weights")


def module_at(root, path):
    for part in path.split("."):
        root = getattr(root, part)
    return root


# ---- making a model ---------------------------------------------------------------------------------


def randomise(model, kind):
    """Weights of unit effect, biases and gains that are not constants."""
    plus_one = kind.family.startswith("gemma")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn_like(parameter)
            if parameter.ndim == 1:
                is_gain = name.endswith("weight")
                parameter.copy_(0.3 * noise + (1.0 if is_gain and not plus_one else 0.0))
            elif "wte" in name or "embed" in name or "wpe" in name:
                parameter.copy_(0.3 * noise)
            else:
                parameter.copy_(1.2 * noise / parameter.shape[1] ** 0.5)
            if ".q_proj.weight" in name:
                parameter.mul_(kind.attention)


def rewrite_config(path, change):
    with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    change(config)
    with open(os.path.join(path, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2, sort_keys=True)
        file.write("\n")


def gpt2_bare(path):
    file = os.path.join(path, "model.safetensors")
    tensors = {name.removeprefix("transformer."): value for name, value in load_file(file).items()}
    tensors["lm_head.weight"] = tensors["wte.weight"].clone()
    for layer in range(2):
        tensors[f"h.{layer}.attn.bias"] = torch.ones(24, 24).tril().reshape(1, 1, 24, 24)
        tensors[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    save_file(tensors, file, metadata={"format": "pt"})

    def change(config):
        config["n_ctx"] = config["n_positions"]
        config["torch_dtype"] = config.pop("dtype")
        config["task_specific_params"] = {"text-generation": {"do_sample": True}}
    rewrite_config(path, change)


def neo_masks(path):
    """As transformers 4 stored TinyStories: masks beside the weights."""
    file = os.path.join(path, "model.safetensors")
    tensors = load_file(file)
    for layer in range(3):
        name = f"transformer.h.{layer}.attn.attention"
        tensors[f"{name}.bias"] = torch.ones(24, 24, dtype=torch.uint8).tril().reshape(1, 1, 24, 24)
        tensors[f"{name}.masked_bias"] = torch.tensor(-1e9)
    save_file(tensors, file, metadata={"format": "pt"})


def neox_v4(path):
    def change(config):
        rope = config.pop("rope_parameters")
        config["rotary_emb_base"] = rope["rope_theta"]
        config["rotary_pct"] = rope["partial_rotary_factor"]
        config["torch_dtype"] = config.pop("dtype")
    rewrite_config(path, change)


def rope_v4(path):
    def change(config):
        rope = config.pop("rope_parameters")
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = rope
        config["torch_dtype"] = config.pop("dtype")
        config["eos_token_id"] = [2, 3]
    rewrite_config(path, change)


def make(path, kind):
    config = AutoConfig.for_model(kind.family, **kind.config, bos_token_id=1, eos_token_id=2,
                                  pad_token_id=None)
    model = AutoModelForCausalLM.from_config(config).eval()
    randomise(model, kind)
    model.to(getattr(torch, kind.dtype)).save_pretrained(
        path, **({"max_shard_size": kind.shard} if kind.shard else {}))
    extra = os.path.join(path, "generation_config.json")
    if os.path.exists(extra):
        os.remove(extra)
    if kind.rewrite:
        globals()[kind.rewrite](path)
    return AutoModelForCausalLM.from_pretrained(
        path, attn_implementation="eager", dtype=torch.float64).double().eval()


# ---- what transformers computes -----------------------------------------------------------------------


class Capture:
    """Every hook's value of one run, named as TransformerLens names it, still in the graph."""

    def __init__(self, model, family):
        self.model, self.family, self.parts = model, family, PARTS[family]
        self.values = {}
        config = model.config
        self.heads = config.num_attention_heads
        self.kv_heads = getattr(config, "num_key_value_heads", None) or self.heads
        self.layers = config.num_hidden_layers
        self.parallel = getattr(config, "use_parallel_residual", False)
        self.rotates = family not in ("gpt2", "gpt_neo")
        self.handles = []

    def part(self, block, name):
        return module_at(block, self.parts[name])

    def put(self, name, value):
        self.values[name] = value[0] if isinstance(value, tuple) else value

    def after(self, module, name):
        self.handles.append(module.register_forward_hook(
            lambda _, __, output: self.put(name, output)))

    def before(self, module, name):
        self.handles.append(module.register_forward_pre_hook(
            lambda _, inputs, kwargs: self.put(
                name, inputs[0] if inputs else kwargs["hidden_states"]), with_kwargs=True))

    def norm(self, module, name):
        """scale and normalized, by their definition, from what goes into the module."""
        eps = getattr(module, "eps", None) or getattr(module, "variance_epsilon", None)
        centred = isinstance(module, torch.nn.LayerNorm)

        def hook(_, inputs):
            x = inputs[0] - inputs[0].mean(-1, keepdim=True) if centred else inputs[0]
            scale = (x.pow(2).mean(-1, keepdim=True) + eps).sqrt()
            self.values[f"{name}.hook_scale"] = scale
            self.values[f"{name}.hook_normalized"] = x / scale
        self.handles.append(module.register_forward_pre_hook(hook))

    def joint(self, block, name):
        def hook(_, __, output):
            if self.family == "gpt2":
                three = output.chunk(3, dim=-1)
            else:
                three = [x.flatten(2) for x in
                         output.unflatten(-1, (self.heads, 3, -1)).unbind(-2)]
            for letter, value in zip("qkv", three):
                self.values[f"{name}.attn.hook_{letter}"] = value
        self.handles.append(self.part(block, "qkv").register_forward_hook(hook))

    def rotated(self):
        """Queries and keys as the attention function gets them."""
        module = importlib.import_module(
            f"transformers.models.{self.family}.modeling_{self.family}")
        self.original = module.eager_attention_forward
        attentions = [self.part(block, "attention")
                      for block in module_at(self.model, self.parts["blocks"])]

        def wrapper(attention, query, key, value, *arguments, **keywords):
            layer = attentions.index(attention)
            self.values[f"blocks.{layer}.attn.hook_rot_q"] = query.transpose(1, 2).flatten(2)
            self.values[f"blocks.{layer}.attn.hook_rot_k"] = key.transpose(1, 2).flatten(2)
            return self.original(attention, query, key, value, *arguments, **keywords)
        module.eager_attention_forward = wrapper
        self.patched = module

    def watch_block(self, block, layer):
        name = f"blocks.{layer}"
        self.before(block, f"{name}.hook_resid_pre")
        self.after(block, f"{name}.hook_resid_post")
        self.norm(self.part(block, "ln1"), f"{name}.ln1")
        self.norm(self.part(block, "ln2"), f"{name}.ln2")
        if "qkv" in self.parts:
            self.joint(block, name)
        else:
            for letter in "qkv":
                self.after(self.part(block, letter), f"{name}.attn.hook_{letter}")
        self.before(self.part(block, "out"), f"{name}.attn.hook_z")
        self.after(self.part(block, "attn_out"), f"{name}.hook_attn_out")
        if not self.parallel:
            self.before(self.part(block, "ln2"), f"{name}.hook_resid_mid")
        self.before(self.part(block, "mlp"), f"{name}.mlp.hook_in")
        self.after(self.part(block, "pre"), f"{name}.mlp.hook_pre")
        if "pre_linear" in self.parts:
            self.after(self.part(block, "pre_linear"), f"{name}.mlp.hook_pre_linear")
        self.before(self.part(block, "down"), f"{name}.mlp.hook_post")
        self.after(self.part(block, "mlp_out"), f"{name}.hook_mlp_out")

    def run(self, tokens):
        for layer, block in enumerate(module_at(self.model, self.parts["blocks"])):
            self.watch_block(block, layer)
        self.norm(module_at(self.model, self.parts["final"]), "ln_final")
        if "positions" in self.parts:
            module = module_at(self.model, self.parts["positions"])
            self.handles.append(module.register_forward_hook(lambda _, __, output: self.put(
                "hook_pos_embed", output.expand(B, T, -1))))
        if self.rotates:
            self.rotated()
        x = module_at(self.model, self.parts["embed"])(tokens).detach().requires_grad_(True)
        self.values["hook_embed"] = x
        logits = self.model(inputs_embeds=x, use_cache=False).logits
        for handle in self.handles:
            handle.remove()
        if self.rotates:
            self.patched.eager_attention_forward = self.original
        return x, logits


# ---- what TransformerLens computes ----------------------------------------------------------------------


def lens_config(model, kind):
    c, family = model.config, kind.family
    rope = getattr(c, "rope_parameters", None) or {}
    head = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
    rms = family not in LAYER_NORM
    name = (getattr(c, "hidden_activation", None) or getattr(c, "hidden_act", None)
            or c.activation_function)
    settings = dict(
        d_model=c.hidden_size, d_head=head, n_heads=c.num_attention_heads,
        n_layers=c.num_hidden_layers, n_ctx=24, d_vocab=c.vocab_size, act_fn=name,
        d_mlp=getattr(c, "intermediate_size", None) or getattr(c, "n_inner", None) or
        4 * c.hidden_size,
        eps=getattr(c, "rms_norm_eps", None) or getattr(c, "layer_norm_eps", None)
        or c.layer_norm_epsilon,
        normalization_type="RMS" if rms else "LN", dtype=torch.float64, device="cpu",
        gated_mlp=rms, init_weights=False, original_architecture=type(model).__name__)
    if family == "gpt2":
        settings.update(use_attn_scale=c.scale_attn_weights,
                        scale_attn_by_inverse_layer_idx=c.scale_attn_by_inverse_layer_idx)
    if family == "gpt_neo":
        settings.update(use_attn_scale=False, use_local_attn=True, window_size=c.window_size,
                        attn_types=c.attention_layers)
    if family == "gpt_neox" or rms:
        settings.update(positional_embedding_type="rotary", rotary_base=int(rope["rope_theta"]),
                        rotary_dim=int(head * rope.get("partial_rotary_factor", 1.0)),
                        rotary_adjacent_pairs=False,
                        parallel_attn_mlp=getattr(c, "use_parallel_residual", False))
    if rms:
        settings.update(n_key_value_heads=c.num_key_value_heads, final_rms=True)
    window = getattr(c, "sliding_window", None)
    if rms and window:
        types = getattr(c, "layer_types", None) or ["sliding_attention"] * c.num_hidden_layers
        settings.update(use_local_attn=True, window_size=window,
                        attn_types=["local" if "sliding" in t else "global" for t in types])
    if family == "gemma2":
        settings.update(attn_scale=c.query_pre_attn_scalar ** 0.5,
                        use_normalization_before_and_after=True,
                        attn_scores_soft_cap=c.attn_logit_softcapping,
                        output_logits_soft_cap=c.final_logit_softcapping)
    if family == "qwen3":
        settings.update(use_qk_norm=True)
    settings.update(kind.lens_config)
    return HookedTransformerConfig(**settings)


def lens_run(model, kind, tokens, options=()):
    config = lens_config(model, kind)
    lens = HookedSAETransformer(config, move_to_device=False)
    weights = getattr(weight_conversions, CONVERSIONS[kind.family])(model, config)
    lens.load_and_process_state_dict(
        {name: value.detach().double() for name, value in weights.items()},
        center_unembed=False, **{option: option in options for option in
                                 ("fold_ln", "center_writing_weights", "fold_value_biases")})
    with torch.no_grad():
        logits, cache = lens.double().run_with_cache(tokens)
    values = {}
    for name, value in cache.items():
        if value.ndim == 4 and "pattern" not in name and "scores" not in name:
            value = value.flatten(2)
        if name == "hook_pos_embed":
            value = value.expand(B, T, -1)
        values[name] = value
    return logits, values


def largest_difference(got, want):
    return ((got - want).abs().max() / want.abs().max()).item()


def check_with_lens(model, kind, tokens, values, logits):
    lens_logits, lens_values = lens_run(model, kind, tokens)
    missing = [name for name in values if name not in lens_values]
    worst = largest_difference(lens_logits, logits)
    for name, value in values.items():
        if name not in missing:
            difference = largest_difference(lens_values[name], value)
            worst = max(worst, difference)
            if not difference < 1e-5:
                raise SystemExit(f"{name}: TransformerLens differs by {difference:.2g}")
    if not worst < 1e-5:
        raise SystemExit(f"logits: TransformerLens differs by {worst:.2g}")
    return f"TransformerLens agrees to {worst:.1e} at {len(values) - len(missing)} hooks" + (
        f", has no {', '.join(sorted(missing))}" if missing else "")


# ---- gradients and files -----------------------------------------------------------------------------------


def gradient(value, x, weights, direction, centred=False):
    if centred:
        value = value - value.mean(-1, keepdim=True)
    cotangent = weights[..., None] * direction[:value.shape[-1]]
    return torch.autograd.grad((value * cotangent).sum(), x, retain_graph=True)[0]


def writable(name):
    return not name.endswith("hook_scale") and name != "hook_pos_embed"


CENTRED = ("hook_embed", "hook_pos_embed", "hook_resid_pre", "hook_resid_mid", "hook_resid_post",
           "hook_attn_out", "hook_mlp_out")


def export_processed(out, model, kind, tokens, values, x, weights, direction, last):
    """Only hooks that the options change."""
    for options in PROCESSING:
        _, processed = lens_run(model, kind, tokens, options)
        label = "+".join(options)
        for name, value in values.items():
            centred = ("center_writing_weights" in options and kind.family in LAYER_NORM
                       and name.split(".")[-1] in CENTRED)
            bias = "fold_value_biases" in options and name.endswith(("hook_v", "hook_z"))
            folded = "fold_ln" in options and name.endswith("mlp.hook_in")
            if not (centred or bias or folded):
                if largest_difference(processed[name], value) > 1e-5:
                    raise SystemExit(f"{label} changes {name} unexpectedly")
                continue
            out[f"{label} value {name}"] = processed[name]
            if not writable(name) or (name.startswith("blocks.") and
                                      not name.startswith(f"blocks.{last}.")):
                continue
            source = values[name.replace("mlp.hook_in", "ln2.hook_normalized") if folded else name]
            out[f"{label} gradient {name}"] = gradient(source, x, weights, direction, centred)


def export(folder, name, kind):
    torch.manual_seed(sum(name.encode()))
    path = os.path.join(folder, name)
    shutil.rmtree(path, ignore_errors=True)
    model = make(path, kind)
    tokens = torch.randint(0, 61, (B, T))
    targets = torch.randint(0, 61, (B, T))
    capture = Capture(model, kind.family)
    x, logits = capture.run(tokens)
    values = capture.values
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(),
                                             reduction="sum")
    told = check_with_lens(model, kind, tokens, values, logits) if kind.lens else "not in the lens"
    weights = torch.randn(B, T, dtype=torch.float64)
    direction = torch.randn(max(value.shape[-1] for value in values.values()),
                            dtype=torch.float64)
    out = {"tokens": tokens, "targets": targets, "logits": logits, "loss": loss.reshape(1),
           "loss gradient": torch.autograd.grad(loss, x, retain_graph=True)[0],
           "token_weights": weights, "direction": direction}
    last = capture.layers - 1
    for hook, value in values.items():
        out[f"value {hook}"] = value
        if writable(hook) and (not hook.startswith("blocks.") or
                               hook.startswith(f"blocks.{last}.")):
            out[f"gradient {hook}"] = gradient(value, x, weights, direction)
    if kind.processed:
        export_processed(out, model, kind, tokens, values, x, weights, direction, last)
    save_file({key: value.detach().float().contiguous().clone() for key, value in out.items()},
              os.path.join(path, "expected.safetensors"))
    print(f"{name}: {len(values)} hooks, {told}", flush=True)


def main():
    folder, names = sys.argv[1], sys.argv[2:] or list(KINDS)
    os.makedirs(folder, exist_ok=True)
    for name in names:
        export(folder, name, KINDS[name])
    with open(os.path.join(folder, "versions.txt"), "w", encoding="utf-8") as file:
        for package in ("torch", "transformers", "transformer-lens", "sae-lens", "safetensors"):
            file.write(f"{package} {importlib.metadata.version(package)}\n")


main()
