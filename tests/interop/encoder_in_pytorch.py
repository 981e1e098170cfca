"""A twinprint filterbank encoder in PyTorch, from the file that `twinprint export RUN --to encoder.safetensors` writes.

    python encoder_in_pytorch.py encoder.safetensors features.h5

compares its prints of the exported epochs with the exported prints (of the same fold).
"""

import json
import sys

import h5py
import numpy as np
import torch
from safetensors import safe_open


def load(path):
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["twinprint"]), {name: file.get_tensor(name) for name in file.keys()}


def embed(facts, weights, epochs):
    """Prints [n, dim] of epochs [n, channels, samples] in µV."""
    formula, parts = facts["formula"], []
    for member in range(facts["members"]):
        w = {k.split(".", 2)[2]: v for k, v in weights.items() if k.startswith(f"members.{member}.")}
        x = epochs - epochs.mean(1, keepdim=True) if formula["average_reference"] else epochs
        n, channels, samples = x.shape
        x = (x * formula["scale"]).reshape(n * channels, 1, samples)
        x = torch.nn.functional.conv1d(x, w["temporal.weight"][:, None], stride=formula["stride"])
        x = torch.einsum("bsc,ncbt->nbst", w["spatial.weight"], x.reshape(n, channels, *x.shape[1:]))
        x = torch.log(x.square().mean(-1) + formula["floor"]).flatten(1)
        x = (x - w["standardise.mean"]) / w["standardise.deviation"]
        parts.append(torch.nn.functional.normalize(x @ w["head.weight"]))
    return torch.nn.functional.normalize(torch.cat(parts, 1))


if __name__ == "__main__":
    facts, weights = load(sys.argv[1])
    with h5py.File(sys.argv[2]) as file:
        prints, epochs = file["prints"][:], torch.from_numpy(file["epochs"][:])
    difference = np.abs(embed(facts, weights, epochs).numpy() - prints).max()
    print(f"PyTorch {torch.__version__}: {len(prints)} prints, largest difference {difference:.1e}")
    sys.exit(difference > 1e-4)
