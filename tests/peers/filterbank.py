"""The default `filterbank` encoder in PyTorch, in the fastest form known, for the row `embed_filterbank`.

128 epochs of 19 channels x 256 samples: average reference, 16 kernels of 65 taps at stride 2 shared by all channels; then no
signal of a channel pair is made, but the second moments of the channels per band: mean((a - b)^2) / 2 is
(Maa + Mbb - 2 Mab) / 2; logarithm, standardisation, a 512 x 512 linear layer, unit length. The kernels are applied by
convolution or by a product with their banded matrix, whichever is faster on the machine (without AVX-512 it is the product).
"""

import os
import statistics

import torch
from torch.nn import functional as F

from turns import serve, timed

EPOCHS, CHANNELS, SAMPLES, BANDS, TAPS, PAIRS = 128, 19, 256, 16, 65, 32
FEATURES = BANDS * PAIRS

torch.manual_seed(0)
torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())

x = 10 * torch.randn(EPOCHS, CHANNELS, SAMPLES)
kernels = torch.randn(BANDS, 1, TAPS) / TAPS**0.5
pairs = torch.stack([torch.randperm(CHANNELS * (CHANNELS - 1) // 2)[:PAIRS] for _ in range(BANDS)])
left, right = torch.triu_indices(CHANNELS, CHANNELS, 1)[:, pairs]
band = torch.arange(BANDS)[:, None]
places = [(band * CHANNELS + a) * CHANNELS + b for a, b in ((left, left), (right, right), (left, right))]
places = torch.stack(places).flatten()
mean, deviation = torch.randn(FEATURES), torch.rand(FEATURES) + 0.5
head = torch.randn(FEATURES, FEATURES) / FEATURES**0.5


frames = (SAMPLES - TAPS) // 2 + 1
banded = torch.zeros(SAMPLES, BANDS, frames)
for frame in range(frames):
    banded[2 * frame : 2 * frame + TAPS, :, frame] = kernels[:, 0].T
banded = banded.flatten(1)


def by_convolution(y):
    return F.conv1d(y.reshape(EPOCHS * CHANNELS, 1, SAMPLES), kernels, stride=2)


def by_product(y):
    return y.reshape(EPOCHS * CHANNELS, SAMPLES) @ banded


@torch.inference_mode()
def embed(filtered):
    y = filtered((x - x.mean(dim=1, keepdim=True)) * 0.1)
    y = y.reshape(EPOCHS, CHANNELS, BANDS, frames).transpose(1, 2).contiguous()
    moments = (y @ y.transpose(2, 3)).reshape(EPOCHS, -1)
    aa, bb, ab = moments.index_select(1, places).reshape(EPOCHS, 3, FEATURES).unbind(1)
    features = torch.log((aa + bb - 2 * ab) / (2 * frames) + 1e-3)
    prints = ((features - mean) / deviation) @ head
    return F.normalize(prints)[0, 0].item()


def seconds(filtered):
    return statistics.median(timed(lambda: embed(filtered))() for _ in range(9))


fastest = min(by_convolution, by_product, key=seconds)
serve(f"pytorch {torch.__version__} {fastest.__name__}", {"embed_filterbank": timed(lambda: embed(fastest))})
