#!/usr/bin/env python3
"""Writes small files with the reference safetensors writer, for tests/data/test_safetensors.c.

    python3 tests/data/export_safetensors.py

floats.safetensors: the tensors a_f32, b_bf16, c_f16 (one set of values in three formats), scalar,
empty and one with a non-ASCII name, with metadata; mixed.safetensors: other dtypes that models
carry around.
Written with safetensors 0.8.0 and torch 2.
"""
import torch
from safetensors.torch import save_file

OUT = "tests/data/fixtures/"

# What is hard to round: ties both ways, the largest and smallest values, subnormals, -0, overflow.
VALUES = [0.0, -0.0, 1.0, -1.0, 1 / 3, 1.00390625, 1.01171875, 1.00048828125, 1.00146484375,
          65504.0, 65519.996, 65520.0, 3.3895314e38, 6.1035156e-05, 6.0975552e-05, 5.9604645e-08,
          2.9802322e-08, 2.9802326e-08, 1e-40, float("inf"), float("-inf"), 3.140625, 1e5, -7.25]

if __name__ == "__main__":
    values = torch.tensor(VALUES, dtype=torch.float32).reshape(2, 3, 4)
    save_file({"a_f32": values, "b_bf16": values.to(torch.bfloat16),
               "c_f16": values.to(torch.float16), "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 4),
               "\u00fcnicode": torch.tensor([1.0, 2.0, 3.0])},
              OUT + "floats.safetensors", metadata={"format": "pt"})
    save_file({"mask": torch.tensor([True, False, True]), "steps": torch.tensor(7),
               "double": torch.tensor([0.5, -0.25], dtype=torch.float64),
               "byte": torch.tensor([1, 2, 255], dtype=torch.uint8),
               "fp8": torch.zeros(5).to(torch.float8_e4m3fn),
               "w": torch.tensor([[1.0, 2.0], [3.0, 4.0]])}, OUT + "mixed.safetensors")
