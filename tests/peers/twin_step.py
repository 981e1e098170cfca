"""The network of the `train_step` and `embed` benchmarks in PyTorch, driven line by line over standard input.

Commands, one per line: `train_step`, `embed`, `conv1d_forward`, `conv1d_backward`, `memory`. The answer is one number per
line: milliseconds of one call, or for `memory` the growth of the resident set since the model was ready, in MiB.
The network: 64 channels x 320 samples, 64 pairs; convolutions 64-64-128-128 (kernel 9, no bias) each with batch norm, ReLU
and max-pool 2; mean over time; linear to 64; contrastive loss (margin 1); AdamW.
"""

import sys
import time

import torch
from torch import nn

PAIRS, CHANNELS, SAMPLES = 64, 64, 320


def resident_mib(field):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field):
                return float(line.split()[1]) / 1024
    raise RuntimeError(f"{field} is not in /proc/self/status")


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
    def __init__(self, threads):
        torch.manual_seed(0)
        torch.set_num_threads(threads)
        self.model = network()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3)
        self.x = torch.randn(2 * PAIRS, CHANNELS, SAMPLES)
        self.same = (torch.arange(PAIRS) % 2).float()
        self.conv = nn.Conv1d(CHANNELS, 64, 9, padding=4)
        self.start = resident_mib("VmRSS")

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

    def run(self, command):
        if command == "memory":
            return resident_mib("VmHWM") - self.start
        if command == "conv1d_backward":
            x = self.x.clone().requires_grad_(True)
            y = self.conv(x)
            begin = time.perf_counter()
            y.backward(torch.ones_like(y))
            return (time.perf_counter() - begin) * 1e3
        call = {"train_step": self.train_step, "embed": self.embed, "conv1d_forward": self.conv1d_forward}[command]
        begin = time.perf_counter()
        call()
        return (time.perf_counter() - begin) * 1e3


def main():
    bench = Bench(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    print(torch.__version__, flush=True)
    for line in sys.stdin:
        print(f"{bench.run(line.strip()):.4f}", flush=True)


if __name__ == "__main__":
    main()
