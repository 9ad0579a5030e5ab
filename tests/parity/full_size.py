"""Full-size models, ours against transformers: values, loss and memory on the same files.

For each model a Hugging Face folder with random weights of its published shape is written (16-bit
where the published file is, in shards of 5 GB where it is that large), then the same tokens are run
by transformers (float32 computing from the stored weights, eager attention) and by this program,
and every hook of KINDS is compared. Nothing is downloaded.

    python tests/parity/full_size.py --work DIR [--program build/release/saeinv]
                                     [--models pythia-70m gpt2 llama-3.2-1b gemma-2-2b]
                                     [--stride N] [--also-f32] [--whole] [--keep]

DIR gets a folder per model (2 to 16 GB) that is removed afterwards; --keep leaves it, and a run
that finds one uses it. --stride compares the hooks of every N-th and the last layer only (our
program runs once a hook). With --also-f32 it also runs on a float32 copy of a 16-bit file, for its
memory. transformers' modules are converted to float32 one at a time, so that Gemma needs 8 GB
instead of 16; --whole converts the model at once, as people do, for its memory. Prints Markdown
tables and the versions used. Run by hand; tests that need no Python are in tests/model.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time

# Shapes as in the published config.json files; see also the model classes' defaults.
MODELS = {
    "pythia-70m": dict(
        model_type="gpt_neox", hidden_size=512, num_hidden_layers=6, num_attention_heads=8,
        intermediate_size=2048, vocab_size=50304, max_position_embeddings=2048, rotary_pct=0.25,
        rotary_emb_base=10000, hidden_act="gelu", use_parallel_residual=True,
        tie_word_embeddings=False, bos_token_id=0, eos_token_id=0, dtype="float16"),
    "gpt2": dict(
        model_type="gpt2", n_embd=768, n_layer=12, n_head=12, vocab_size=50257, n_positions=1024,
        bos_token_id=50256, eos_token_id=50256, dtype="float32"),
    "llama-3.2-1b": dict(
        model_type="llama", hidden_size=2048, num_hidden_layers=16, num_attention_heads=32,
        num_key_value_heads=8, head_dim=64, intermediate_size=8192, vocab_size=128256,
        max_position_embeddings=131072, rms_norm_eps=1e-5, hidden_act="silu",
        tie_word_embeddings=True, bos_token_id=128000, eos_token_id=128001,
        rope_parameters=dict(rope_type="llama3", rope_theta=500000.0, factor=32.0,
                             low_freq_factor=1.0, high_freq_factor=4.0,
                             original_max_position_embeddings=8192), dtype="bfloat16"),
    "gemma-2-2b": dict(
        model_type="gemma2", hidden_size=2304, num_hidden_layers=26, num_attention_heads=8,
        num_key_value_heads=4, head_dim=256, intermediate_size=9216, vocab_size=256000,
        max_position_embeddings=8192, rms_norm_eps=1e-6, hidden_activation="gelu_pytorch_tanh",
        query_pre_attn_scalar=256, attn_logit_softcapping=50.0, final_logit_softcapping=30.0,
        sliding_window=4096, tie_word_embeddings=True, bos_token_id=2, eos_token_id=1,
        pad_token_id=0, dtype="bfloat16"),
}
KINDS = ["hook_attn_out", "hook_mlp_out", "attn.hook_z", "mlp.hook_post", "hook_resid_post"]


# ---- in children: their memory is their own, and a process starts with its parent's peak -------

def make(name, folder, sequences, tokens):
    """Random weights as transformers starts them, gains and biases moved off their constants."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoConfig, AutoModelForCausalLM
    torch.manual_seed(1)
    settings = dict(MODELS[name])
    dtype = getattr(torch, settings["dtype"])
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    with torch.no_grad():
        for key, value in model.named_parameters():
            if value.dim() == 1:
                value += ((0.1 if "weight" in key else 0.02) * torch.randn(value.shape)).to(dtype)
    model.save_pretrained(folder, max_shard_size="5GB")
    ids = torch.randint(0, config.vocab_size, (sequences, tokens), dtype=torch.int64)
    ids[:, 0] = config.bos_token_id
    save_file({"tokens": ids}, os.path.join(folder, "tokens.safetensors"))
    json.dump({"parameters": sum(p.numel() for p in model.parameters())},
              open(os.path.join(folder, "made.json"), "w"))


def widen_by_module(model):
    """A module's weights are float32 while it runs and 16-bit otherwise."""
    import torch
    for module in model.modules():
        own = [p for p in module.parameters(recurse=False) if p.dtype != torch.float32]
        if not own:
            continue

        def before(_, __, own=own):
            for p in own:
                p.narrow_data = p.data
                p.data = p.data.float()

        def after(_, __, ___, own=own):
            for p in own:
                p.data = p.narrow_data
        module.register_forward_pre_hook(before)
        module.register_forward_hook(after)


def tensor_of(output):
    return output[0] if isinstance(output, tuple) else output


def watch(model, family, kept):
    """Registers what TransformerLens calls the hooks of each block (its names and meaning, without
    weight processing): branch outputs after Gemma's second norms."""
    body = {"gpt_neox": "gpt_neox", "gpt2": "transformer"}.get(family, "model")
    blocks = getattr(model, body)
    blocks = blocks.h if family == "gpt2" else blocks.layers

    def keep(name, from_input=False):
        def hook(_, inputs, output):
            kept[name] = (inputs[0] if from_input else tensor_of(output)).float().clone()
        return hook
    for i, block in enumerate(blocks):
        attention = block.attn if family == "gpt2" else (
            block.attention if family == "gpt_neox" else block.self_attn)
        last = {"gpt2": lambda: attention.c_proj, "gpt_neox": lambda: attention.dense}.get(
            family, lambda: attention.o_proj)()
        down = {"gpt2": lambda: block.mlp.c_proj, "gpt_neox": lambda: block.mlp.dense_4h_to_h}.get(
            family, lambda: block.mlp.down_proj)()
        gemma = family == "gemma2"
        block.register_forward_hook(keep(f"blocks.{i}.hook_resid_post"))
        last.register_forward_hook(keep(f"blocks.{i}.attn.hook_z", True))
        down.register_forward_hook(keep(f"blocks.{i}.mlp.hook_post", True))
        (block.post_attention_layernorm if gemma else attention).register_forward_hook(
            keep(f"blocks.{i}.hook_attn_out"))
        (block.post_feedforward_layernorm if gemma else block.mlp).register_forward_hook(
            keep(f"blocks.{i}.hook_mlp_out"))


def reference(folder, whole):
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM
    torch.set_num_threads(2)
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32 if whole else "auto", attn_implementation="eager")
    model.eval()
    if not whole:
        widen_by_module(model)
    kept = {}
    watch(model, model.config.model_type, kept)
    ids = load_file(os.path.join(folder, "tokens.safetensors"))["tokens"]
    with torch.no_grad():
        logits = model(ids, use_cache=False).logits
        assert logits.dtype == torch.float32
        loss = torch.zeros(ids.shape)
        loss[:, :-1] = torch.nn.functional.cross_entropy(
            logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten(),
            reduction="none").view_as(ids[:, 1:])
    save_file({**kept, "logits": logits, "loss": loss}, os.path.join(folder, "theirs.safetensors"))


def compare(folder):
    """Largest |ours - theirs| / largest |theirs| of one tensor, per kind of hook; mean losses."""
    import torch
    import transformers
    from safetensors import safe_open
    worst, losses, seen = {}, {}, 0
    ours = safe_open(os.path.join(folder, "ours.safetensors"), "pt")
    theirs = safe_open(os.path.join(folder, "theirs.safetensors"), "pt")
    for key in sorted(set(ours.keys()) - {"tokens"}):
        want, got = theirs.get_tensor(key).double(), ours.get_tensor(key).double()
        if got.numel() != want.numel() or not got.isfinite().all() or not want.isfinite().all():
            sys.exit(f"{key}: {tuple(got.shape)} against {tuple(want.shape)}, or not finite")
        kind = key.split(".", 2)[2] if key.startswith("blocks.") else key
        error = ((got.view_as(want) - want).abs().max() / want.abs().max()).item()
        worst[kind] = max(worst.get(kind, 0), error)
        seen += 1
        if key == "loss":
            positions = want.shape[0] * (want.shape[1] - 1)
            losses = {"ours": got.sum().item() / positions, "theirs": want.sum().item() / positions}
    json.dump({"worst": worst, "losses": losses, "tensors": seen, "versions":
               f"transformers {transformers.__version__}, torch {torch.__version__}"},
              open(os.path.join(folder, "compared.json"), "w"))


def convert(folder, to):
    """The same weights as float32, in one file."""
    import torch
    from safetensors import safe_open
    from safetensors.torch import save_file
    tensors = {}
    for file in sorted(os.listdir(folder)):
        if file.startswith("model") and file.endswith(".safetensors"):
            with safe_open(os.path.join(folder, file), "pt") as weights:
                tensors.update({key: weights.get_tensor(key).float() for key in weights.keys()})
    os.makedirs(to)
    save_file(tensors, os.path.join(to, "model.safetensors"), {"format": "pt"})
    for file in ("config.json", "tokens.safetensors"):
        shutil.copy(os.path.join(folder, file), to)


# ---- the parent ----------------------------------------------------------------------------------

def run(command):
    """Peak resident MB, peak MB of it that no file backs (sampled), seconds."""
    start = time.time()
    child = subprocess.Popen(command)
    private = [0]

    def sample():
        try:
            while child.returncode is None:
                for line in open(f"/proc/{child.pid}/status"):
                    if line.startswith("RssAnon"):
                        private[0] = max(private[0], int(line.split()[1]))
                time.sleep(0.02)
        except (FileNotFoundError, ProcessLookupError):
            pass
    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    thread.join()
    if child.returncode:
        sys.exit(f"{' '.join(command)}: exit code {child.returncode}")
    return usage.ru_maxrss / 1000, private[0] / 1000, time.time() - start


def run_ours(program, folder, stride):
    command = [program, "activations", "--model", folder, "--threads", "2", "--logits", "--loss",
               "--tokens", os.path.join(folder, "tokens.safetensors"),
               "--out", os.path.join(folder, "ours.safetensors")]
    config = json.load(open(os.path.join(folder, "config.json")))
    layers = config.get("num_hidden_layers", config.get("n_layer"))
    for kind in KINDS:
        for layer in sorted({*range(0, layers, stride), layers - 1}):
            command += ["--hook", f"blocks.{layer}.{kind}"]
    return run(command)


def files_of(folder):
    shards = [f for f in os.listdir(folder) if f.startswith("model") and f.endswith(".safetensors")]
    return len(shards), sum(os.path.getsize(os.path.join(folder, f)) for f in shards)


def one_model(name, a):
    folder = os.path.join(a.work, name)
    me = [sys.executable, os.path.abspath(__file__), "--work", folder, "--models", name]
    try:
        if not os.path.exists(os.path.join(folder, "made.json")):
            run(me + ["--child", "make", "--sequences", str(a.sequences),
                      "--tokens", str(a.tokens)])
        theirs = run(me + ["--child", "reference"] + (["--whole"] if a.whole else []))
        ours = run_ours(a.program, folder, a.stride)
        run(me + ["--child", "compare"])
        row = dict(name=name, type=MODELS[name]["dtype"], ours=ours, theirs=theirs,
                   files=files_of(folder))
        for file in ("made.json", "compared.json"):
            row.update(json.load(open(os.path.join(folder, file))))
        if a.also_f32 and row["type"] != "float32":
            run(me + ["--child", "convert"])
            row["ours_f32"] = run_ours(a.program, folder + "-f32", 1000)
        return row
    finally:
        if not a.keep:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(folder + "-f32", ignore_errors=True)


def print_table(rows, a):
    kinds = ["hook_resid_post", "hook_attn_out", "hook_mlp_out", "attn.hook_z", "mlp.hook_post",
             "logits"]
    print(f"\n{rows[0]['versions']}, {a.sequences} x {a.tokens} tokens; difference = largest "
          "|ours - theirs| / largest |theirs| of a tensor, in the worst layer"
          + (f" of every {a.stride}th" if a.stride > 1 else "") + "\n")
    print("| model | parameters | stored as | files | " + " | ".join(kinds) +
          " | loss ours | loss theirs |")
    print("|" + "---|" * (len(kinds) + 6))
    for r in rows:
        print(f"| {r['name']} | {r['parameters'] / 1e6:.1f} M | {r['type']} | {r['files'][0]} | " +
              " | ".join(f"{r['worst'][k]:.1e}" for k in kinds) +
              f" | {r['losses']['ours']:.6f} | {r['losses']['theirs']:.6f} |")
    how = "whole model" if a.whole else "a module at a time"
    print(f"\n| model | weight files MB | ours: peak MB (private) | seconds | ours from a float32 "
          f"file | theirs, float32 {how}: peak MB (private) |")
    print("|---|---|---|---|---|---|")
    for r in rows:
        wide = r.get("ours_f32")
        print(f"| {r['name']} | {r['files'][1] / 1e6:.0f} | {r['ours'][0]:.0f} "
              f"({r['ours'][1]:.0f}) | {r['ours'][2]:.0f} | " +
              (f"{wide[0]:.0f} ({wide[1]:.0f})" if wide else "") +
              f" | {r['theirs'][0]:.0f} ({r['theirs'][1]:.0f}) |")


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--work", required=True)
    p.add_argument("--program", default="build/release/saeinv")
    p.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    p.add_argument("--sequences", type=int, default=1)
    p.add_argument("--tokens", type=int, default=64)
    p.add_argument("--stride", type=int, default=1)
    p.add_argument("--also-f32", action="store_true")
    p.add_argument("--whole", action="store_true")
    p.add_argument("--keep", action="store_true")
    p.add_argument("--child", choices=["make", "reference", "compare", "convert"],
                   help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.child == "make":
        make(a.models[0], a.work, a.sequences, a.tokens)
    elif a.child == "reference":
        reference(a.work, a.whole)
    elif a.child == "compare":
        compare(a.work)
    elif a.child == "convert":
        convert(a.work, a.work + "-f32")
    else:
        print_table([one_model(name, a) for name in a.models], a)


if __name__ == "__main__":
    main()
