"""A twinprint filterbank encoder in PyTorch, from the file that `twinprint export RUN --to encoder.safetensors` writes.

    python encoder_in_pytorch.py encoder.safetensors features.h5

compares its prints of the exported epochs with the exported prints (of the same fold).
"""

import json
import sys

import h5py
import torch
from safetensors import safe_open


def load(path):
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["twinprint"]), {name: file.get_tensor(name) for name in file.keys()}


def powers(x, w, formula):
    x = x - x.mean(1, keepdim=True) if formula["average_reference"] else x
    n, channels, samples = x.shape
    x = (x * formula["scale"]).reshape(n * channels, 1, samples)
    x = torch.nn.functional.conv1d(x, w["temporal.weight"][:, None], stride=formula["stride"])
    x = torch.einsum("bsc,ncbt->nbst", w["spatial.weight"], x.reshape(n, channels, *x.shape[1:]))
    return torch.log(x.square().mean(-1) + formula["floor"]).flatten(1)


def windows(samples, taper, tapers):
    if taper == "hann":
        return torch.hann_window(samples, dtype=torch.float64)[None]
    n = torch.arange(1, samples + 1, dtype=torch.float64)
    return torch.sin(torch.pi * torch.arange(1, tapers + 1)[:, None] * n / (samples + 1))


def covariances(x, rate, bands, shrinkage, taper, tapers, channels):
    x = x[:, channels]
    channels, samples = x.shape[1:]
    window = windows(samples, taper, tapers)[:, None, None]
    window = window / window.square().mean(-1, keepdim=True).sqrt()
    spectrum = torch.fft.rfft((x.double() - x.double().mean(2, keepdim=True)) * window)
    spectrum[..., 1 : (samples + 1) // 2] *= 2**0.5
    at, (row, column) = torch.fft.rfftfreq(samples, 1 / rate), torch.triu_indices(channels, channels)
    for low, high in bands:
        z = spectrum[..., (at >= low) & (at < high)] / samples
        c = (z @ z.mH).real.mean(0)
        trace = c.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * torch.eye(channels)
        values, vectors = torch.linalg.eigh((1 - shrinkage) * c + shrinkage * trace)
        logarithm = (vectors * values.log()[:, None]) @ vectors.mT
        yield (logarithm[:, row, column] * torch.where(row == column, 1, 2**0.5)).float()


def embed(facts, weights, x):
    """Prints [n, dim] of epochs [n, channels, samples] in µV."""
    formula, prints, length = facts["formula"], [], None
    for member in range(facts["members"]):
        w = {k.split(".", 2)[2]: v for k, v in weights.items() if k.startswith(f"members.{member}.")}
        features = [powers(x, w, formula)]
        if formula["covariances"]:
            features += covariances(x, facts["rate"], **formula["covariances"])
        standard = (torch.cat(features, 1) - w["standardise.mean"]) / w["standardise.deviation"]
        prints.append(torch.nn.functional.normalize(standard @ w["head.weight"]))
        length = attention(standard, weights) if length is None else length
    return torch.nn.functional.normalize(torch.cat(prints, 1)) * length


def attention(standard, weights):
    """How much an epoch counts where prints are averaged: the length of its print."""
    w = {k.removeprefix("attention."): v for k, v in weights.items() if k.startswith("attention.")}
    if not w:
        return 1
    hidden = torch.nn.functional.gelu(standard @ w["hidden.weight"] + w["hidden.bias"])
    return torch.sigmoid(hidden @ w["out.weight"] + w["out.bias"])


if __name__ == "__main__":
    facts, weights = load(sys.argv[1])
    with h5py.File(sys.argv[2]) as file:
        prints, epochs = torch.from_numpy(file["prints"][:]), torch.from_numpy(file["epochs"][:])
    difference = (embed(facts, weights, epochs) - prints).abs().max().item()
    print(f"PyTorch {torch.__version__}: {len(prints)} prints, largest difference {difference:.1e}")
    sys.exit(difference > 1e-4)
