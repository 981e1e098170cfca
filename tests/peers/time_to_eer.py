"""The recipe of the default encoder in PyTorch, for the rows `time_to_eer` and `time_to_eer_gradient`.

    python time_to_eer.py EEGMAT_DIR

takes the epochs, and the fixed parts of the network, that our side left in `TWINPRINT_BENCH`: same windows, same kernels, same
channel pairs, same people held out. Log powers by second moments, standardised, once; the head is a linear layer; batches of
48 slots x 4 epochs, each slot a virtual person; supervised contrastive loss; AdamW with a cosine schedule. `closed_form` starts
at the whitening by the within-subject covariance, `gradient` at random. Features of the people held out are kept as well.
"""

import json
import math
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from turns import serve, timed

GOAL, LOOK = 0.05, 10
SLOTS, EACH, VIRTUAL, TEMPERATURE, SHRINKAGE = 48, 4, 2.0, 0.1, 0.3
STEPS, RATE = {"closed_form": 300, "gradient": 1000}, {"closed_form": 1e-4, "gradient": 1e-3}
CHUNK = 256


def tensors(path):
    """What a safetensors file of float32 holds."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        body = file.read()
    facts = json.loads(header.pop("__metadata__")["twinprint"])
    parts = {}
    for name, at in header.items():
        begin, end = at["data_offsets"]
        values = np.frombuffer(body[begin:end], "<f4").reshape(at["shape"])
        parts[name.removeprefix("members.0.")] = torch.from_numpy(values.copy())
    return facts, parts


class Powers:
    """Epochs to log powers by second moments of the channels, as in `filterbank.py`: the kernels are applied by convolution or by
    a product with their banded matrix, whichever is faster on the machine."""

    def __init__(self, facts, parts, samples):
        formula = facts["formula"]
        self.scale, self.floor = formula["scale"], formula["floor"]
        kernels, spatial = parts["temporal.weight"], parts["spatial.weight"]
        (self.bands, taps), stride, channels = kernels.shape, formula["stride"], spatial.shape[2]
        self.kernels, self.stride = kernels[:, None], stride
        self.frames = (samples - taps) // stride + 1
        banded = torch.zeros(samples, self.bands, self.frames)
        for frame in range(self.frames):
            banded[stride * frame : stride * frame + taps, :, frame] = kernels.T
        self.banded = banded.flatten(1)
        left, right = spatial.argmax(2), spatial.argmin(2)
        band = torch.arange(self.bands)[:, None]
        places = [(band * channels + a) * channels + b for a, b in ((left, left), (right, right), (left, right))]
        self.places = torch.stack(places).flatten()
        self.filtered = min(self.by_convolution, self.by_product, key=self.seconds)

    def seconds(self, filtered):
        y = torch.randn(CHUNK * 19, self.banded.shape[0])
        return statistics.median(timed(lambda: filtered(y))() for _ in range(5))

    def by_convolution(self, y):
        return F.conv1d(y[:, None], self.kernels, stride=self.stride)

    def by_product(self, y):
        return y @ self.banded

    @torch.inference_mode()
    def __call__(self, epochs):
        n, channels, samples = epochs.shape
        y = (epochs - epochs.mean(dim=1, keepdim=True)) * self.scale
        y = self.filtered(y.reshape(n * channels, samples)).reshape(n, channels, self.bands, self.frames)
        y = y.transpose(1, 2).contiguous()
        moments = (y @ y.transpose(2, 3)).reshape(n, -1)
        aa, bb, ab = moments.index_select(1, self.places).reshape(n, 3, -1).unbind(1)
        return torch.log((aa + bb - 2 * ab) / (2 * self.frames) + self.floor)

    def all(self, epochs):
        return torch.cat([self(part) for part in epochs.split(CHUNK)])


def whitening(features, subject):
    centred = features.clone()
    for person in subject.unique():
        own = subject == person
        centred[own] -= features[own].mean(dim=0)
    covariance = centred.T @ centred / len(features)
    trace = covariance.diagonal().mean()
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * trace * torch.eye(len(covariance))
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors / values.sqrt()) @ vectors.T / len(covariance) ** 0.5


class Sampler:
    """48 slots with replacement, 4 epochs of each going around the person's recordings."""

    def __init__(self, recording):
        self.rows = {int(r): np.flatnonzero(recording == r) for r in np.unique(recording)}
        self.people = np.unique(recording // 2)

    def draw(self, rng):
        people = np.repeat(rng.choice(self.people, SLOTS), EACH)
        first = np.repeat(rng.integers(0, 2, SLOTS), EACH)
        recordings = 2 * people + (first + np.tile(np.arange(EACH), SLOTS)) % 2
        rows = [self.rows[r][i] for r, i in zip(recordings, (rng.integers(0, len(self.rows[r])) for r in recordings))]
        return torch.from_numpy(np.array(rows))


SLOT = torch.arange(SLOTS).repeat_interleave(EACH)
SELF = torch.eye(SLOTS * EACH, dtype=torch.bool)
POSITIVE = ((SLOT[:, None] == SLOT) & ~SELF).float() / (EACH - 1) / (SLOTS * EACH)


def sup_con(prints):
    logits = (prints @ prints.T) / TEMPERATURE
    normaliser = logits.masked_fill(SELF, -math.inf).logsumexp(dim=1, keepdim=True)
    return ((normaliser - logits) * POSITIVE).sum()


def equal_error_rate(mated, others):
    """Where the rates of both errors cross, linearly between the two thresholds around it."""
    mated, others = np.sort(mated), np.sort(others)
    thresholds = np.unique(np.concatenate([mated, others, [np.inf]]))
    missed = np.searchsorted(mated, thresholds) / len(mated)
    matched = 1 - np.searchsorted(others, thresholds) / len(others)
    gap = matched - missed
    at = int(np.argmax(gap <= 0))
    if at == 0 or gap[at] == 0:
        return matched[at]
    share = gap[at - 1] / (gap[at - 1] - gap[at])
    return matched[at - 1] + share * (matched[at] - matched[at - 1])


class Bench:
    def __init__(self, folder):
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
        facts = json.loads((folder / "epochs.json").read_text())
        epochs = torch.from_numpy(np.fromfile(folder / "epochs.f32", "<f4").reshape(facts["shape"]))
        recording = np.array(facts["recording"])
        self.powers = Powers(*tensors(folder / "network.safetensors"), facts["shape"][2])
        held_out = (recording // 2) % 3 == 0
        self.epochs, self.recording = epochs[torch.from_numpy(~held_out)], recording[~held_out]
        rows = []
        for r in np.unique(recording[held_out]):
            rows.extend(np.flatnonzero(recording == r)[::4][: 15 if r % 2 == 0 else None])
        self.dev, self.dev_recording = epochs[torch.from_numpy(np.array(rows))], recording[rows]
        self.seed, self.least = 0, math.inf

    @torch.inference_mode()
    def rate(self, features, head):
        prints = F.normalize(features @ head).numpy()
        owner, probes = self.dev_recording // 2, self.dev_recording % 2 == 1
        people = np.unique(owner)
        enrolled = np.stack([prints[(owner == p) & ~probes].sum(axis=0) for p in people])
        enrolled /= np.linalg.norm(enrolled, axis=1, keepdims=True)
        similarity = enrolled @ prints[probes].T
        mated = people[:, None] == owner[probes]
        return float(equal_error_rate(similarity[mated], similarity[~mated]))

    def look(self, features, head):
        found = self.rate(features, head)
        self.least = min(self.least, found)
        return found <= GOAL

    def front(self):
        with torch.inference_mode():
            features = self.powers.all(self.epochs)
            mean, deviation = features.mean(dim=0), features.std(dim=0, correction=0)
            return (features - mean) / deviation, (self.powers.all(self.dev) - mean) / deviation

    def whitened(self, features):
        with torch.inference_mode():
            return whitening(features, torch.from_numpy(self.recording // 2))

    def seconds_to_goal(self, start):
        torch.manual_seed(self.seed)
        rng = np.random.default_rng(self.seed)
        self.seed += 1
        begin = time.perf_counter()
        features, dev = self.front()
        if start == "closed_form":
            head = self.whitened(features).clone()
            if self.look(dev, head):
                return time.perf_counter() - begin
        else:
            head = torch.randn(features.shape[1], features.shape[1]) / features.shape[1] ** 0.5
        features = features.clone()
        head.requires_grad_(True)
        sampler = Sampler(self.recording)
        optimizer = torch.optim.AdamW([head], lr=RATE[start], weight_decay=0.0)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS[start])
        for step in range(1, STEPS[start] + 1):
            x = features[sampler.draw(rng)] + VIRTUAL * torch.randn(SLOTS, features.shape[1]).repeat_interleave(EACH, 0)
            loss = sup_con(F.normalize(x @ head))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if step % LOOK == 0 and self.look(dev, head):
                return time.perf_counter() - begin
        return math.inf

    def check(self):
        features, dev = self.front()
        return 100 * self.rate(dev, self.whitened(features))


def main():
    bench = Bench(Path(os.environ["TWINPRINT_BENCH"]))
    commands = {
        "closed_form": lambda: bench.seconds_to_goal("closed_form"),
        "gradient": lambda: bench.seconds_to_goal("gradient"),
        "least": lambda: 100 * bench.least,
        "check": bench.check,
    }
    serve(f"pytorch {torch.__version__}", commands)


if __name__ == "__main__":
    main()
