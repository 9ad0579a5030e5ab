#!/usr/bin/env python3
"""Writes tests/data/fixtures/containers/: the same arrays as NumPy's .npz and as torch.save's
archives, in every layout that src/data reads, and files that it must refuse.

    python3 tests/parity/export_containers.py

Element i (row-major) of an array of floats is i / 4 - 1, of integers i - 1, so the C tests compute
what to expect. versions.txt says which packages wrote the files.
"""
import os
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent.parent / "data/fixtures/containers"


def values(*shape, dtype=np.float32):
    flat = np.arange(int(np.prod(shape)), dtype=np.float64)
    flat = flat / 4 - 1 if np.dtype(dtype).kind == "f" else flat - 1
    return flat.astype(dtype).reshape(shape)


def tensor(*shape, dtype=torch.float32):
    return torch.from_numpy(values(*shape, dtype=np.float64)).to(dtype)


def write_npz():
    arrays = {
        "W_enc": values(3, 5), "W_dec": values(5, 3), "b_enc": values(5), "threshold": values(5),
        "half": values(2, 3, dtype=np.float16), "double": values(2, 2, dtype=np.float64),
        "fortran": np.asfortranarray(values(2, 3, 4)), "scalar": np.float32(-1),
        "count": np.int64(-1), "mask": np.array([True, False]), "none": values(0, 4),
        "swapped": values(3).astype(">f4"), "one": values(1),
    }
    np.savez(HERE / "stored.npz", **arrays)
    np.savez_compressed(HERE / "deflated.npz", **arrays)
    np.savez(HERE / "empty.npz")
    np.savez(HERE / "objects.npz", x=np.array([{"a": 1}], dtype=object))
    np.savez(HERE / "records.npz", x=np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
    with zipfile.ZipFile(HERE / "versions.npz", "w") as archive:
        for version in ((1, 0), (2, 0), (3, 0)):
            with archive.open(f"v{version[0]}.npy", "w") as member:
                np.lib.format.write_array(member, values(2, 3), version=version)


def write_torch():
    base = tensor(4, 6)
    shared = tensor(12)
    tensors = OrderedDict()
    tensors["encoder.weight"] = tensor(5, 3)
    tensors["decoder.weight"] = torch.nn.Parameter(tensor(3, 5))
    tensors["half"] = tensor(2, 3, dtype=torch.float16)
    tensors["bfloat"] = tensor(2, 3, dtype=torch.bfloat16)
    tensors["double"] = tensor(2, 2, dtype=torch.float64)
    tensors["k"] = torch.tensor(32)
    tensors["mask"] = torch.tensor([True, False])
    tensors["bytes"] = torch.tensor([1, 2, 3], dtype=torch.uint8)
    tensors["complex"] = torch.zeros(2, dtype=torch.complex64)
    tensors["scalar"] = torch.tensor(-1.0)
    tensors["none"] = torch.zeros(0, 4)
    tensors["turned"] = tensor(3, 2).T.contiguous().T  # column-major, values as everybody's
    tensors["slice"] = base[1:3, 2:5]
    tensors["shared.a"] = shared[:8].reshape(2, 4)
    tensors["shared.b"] = shared[4:]
    torch.save(tensors, HERE / "dict.pt")
    module = torch.nn.Linear(3, 2)
    module.weight.data = tensor(2, 3)
    module.bias.data = tensor(2)
    torch.save(module.state_dict(), HERE / "module.pt")  # with _metadata: a state to pass over
    torch.save({"state_dict": module.state_dict(), "step": 7, "loss": 0.5, "name": "x",
                "sizes": [1, (2, 3), None, True, -5, 2**40], "device": torch.device("cpu"),
                "dtype": torch.float32}, HERE / "nested.pt")
    torch.save({"model": module.state_dict(), "ema": module.state_dict(), "scale": tensor(1)},
               HERE / "two.pt")


def write_refused():
    class Runs:
        def __reduce__(self):
            return os.system, ("true",)

    torch.save({"w": tensor(2), "x": Runs()}, HERE / "runs.pt")
    torch.save(torch.nn.Linear(3, 2), HERE / "module_itself.pt")
    torch.save({"w": tensor(2), "loss": np.float64(0.5)}, HERE / "numpy_scalar.pt")
    torch.save({"w": tensor(1).expand(1000)}, HERE / "expanded.pt")
    torch.save({"w": torch.zeros(2, dtype=torch.float8_e4m3fn)}, HERE / "float8.pt")
    torch.save({"w": tensor(2)}, HERE / "protocol4.pt", pickle_protocol=4)
    torch.save({"w": tensor(2)}, HERE / "old.pt", _use_new_zipfile_serialization=False)
    torch.save(tensor(2), HERE / "bare_tensor.pt")
    torch.save({"step": 7}, HERE / "no_tensors.pt")
    torch.save({"w": torch.zeros(2).to_sparse()}, HERE / "sparse.pt")
    with zipfile.ZipFile(HERE / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")


def main():
    HERE.mkdir(parents=True, exist_ok=True)
    write_npz()
    write_torch()
    write_refused()
    (HERE / "versions.txt").write_text(
        f"python {sys.version.split()[0]}\nnumpy {np.__version__}\ntorch {torch.__version__}\n")


if __name__ == "__main__":
    main()
