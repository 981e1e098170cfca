"""The network of the `train_step` and `embed` benchmarks in PyTorch; commands are the names of the rows.

The network: 64 channels x 320 samples, 64 pairs; convolutions 64-64-128-128 (kernel 9, no bias) each with batch norm, ReLU
and max-pool 2; mean over time; linear to 64; contrastive loss (margin 1); AdamW. As many threads as there are cores.
"""

import os
import time

import torch
from torch import nn

from turns import serve, timed

PAIRS, CHANNELS, SAMPLES = 64, 64, 320


def network():
    layers, last = [], CHANNELS
    for width in (64, 128, 128):
        layers += [
            nn.Conv1d(last, width, 9, padding=4, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.MaxPool1d(2),
        ]
        last = width
    return nn.ModuleDict({"front": nn.Sequential(*layers), "head": nn.Linear(last, 64)})


def embed(model, x):
    return model["head"](model["front"](x).mean(dim=2))


class Bench:
    def __init__(self):
        torch.manual_seed(0)
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
        self.model = network()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3)
        self.x = torch.randn(2 * PAIRS, CHANNELS, SAMPLES)
        self.same = (torch.arange(PAIRS) % 2).float()
        self.conv = nn.Conv1d(CHANNELS, 64, 9, padding=4)

    def train_step(self):
        self.model.train()
        prints = embed(self.model, self.x)
        distance = ((prints[:PAIRS] - prints[PAIRS:]).square().sum(dim=1) + 1e-9).sqrt()
        near = self.same * distance.square()
        far = (1 - self.same) * torch.relu(1 - distance).square()
        loss = (near + far).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def embed(self):
        self.model.eval()
        with torch.inference_mode():
            return embed(self.model, self.x)[0, 0].item()

    def conv1d_forward(self):
        with torch.inference_mode():
            return self.conv(self.x)[0, 0, 0].item()

    def conv1d_backward(self):
        x = self.x.clone().requires_grad_(True)
        y = self.conv(x)
        ones = torch.ones_like(y)
        begin = time.perf_counter()
        y.backward(ones)
        return time.perf_counter() - begin


def main():
    bench = Bench()
    commands = {
        "train_step": timed(bench.train_step),
        "embed": timed(bench.embed),
        "conv1d_forward": timed(bench.conv1d_forward),
        "conv1d_backward": bench.conv1d_backward,
    }
    serve(f"pytorch {torch.__version__}", commands)


if __name__ == "__main__":
    main()
