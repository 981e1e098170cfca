"""Golden blocks and gradients, computed by PyTorch in double precision.

    python -m venv venv && venv/bin/pip install torch==2.9.0 numpy && venv/bin/python generate.py

Writes blocks.json: per case the sizes, inputs, the block's output (convolution with bias, batch norm by the batch's
statistics, ReLU, max-pooling), and the gradients of sum(output * factors).
"""

import json
from pathlib import Path

import torch
from torch.nn import functional as F

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)

BASE = dict(stride=1, dilation=1, groups=1, padding=0, norm=True, relu=True, pool=1)
CASES = [
    dict(name="first layer", batch=3, time=24, **{"in": 3}, out=5, kernel=9, padding=4, pool=2),
    dict(name="bare convolution", batch=2, time=20, **{"in": 4}, out=3, kernel=5, norm=False, relu=False),
    dict(name="frequency domain", batch=2, time=32, **{"in": 16}, out=16, kernel=9, padding=4, pool=2),
    dict(name="frequency domain, odd length", batch=2, time=21, **{"in": 16}, out=16, kernel=7, padding=3, pool=3),
    dict(name="stride", batch=2, time=19, **{"in": 4}, out=6, kernel=7, stride=2, padding=3),
    dict(name="pointwise with stride", batch=2, time=11, **{"in": 4}, out=6, kernel=1, stride=2, norm=False, relu=False),
    dict(name="dilation", batch=2, time=23, **{"in": 3}, out=4, kernel=3, dilation=3, padding=2, pool=2),
    dict(name="groups", batch=2, time=15, **{"in": 6}, out=4, kernel=3, groups=2, padding=1),
    dict(name="padding wider than the kernel", batch=2, time=9, **{"in": 2}, out=3, kernel=3, padding=5, pool=4),
    dict(name="even kernel", batch=2, time=16, **{"in": 3}, out=4, kernel=4, padding=2, relu=False),
    dict(name="wide pool", batch=2, time=24, **{"in": 3}, out=4, kernel=3, padding=1, pool=6),
]


def flat(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]


def single(tensor):
    """Rounded to what a 32-bit float holds, so that both sides start from the same numbers."""
    return tensor.float().double()


def run(case):
    case = BASE | case
    inputs, out = case["in"], case["out"]
    leaves = dict(
        x=single(torch.randn(case["batch"], inputs, case["time"])),
        weight=single(torch.randn(out, inputs // case["groups"], case["kernel"]) / 3),
        bias=single(torch.randn(out)),
        gamma=single(torch.rand(out) + 0.5),
        beta=single(torch.randn(out) / 2),
    )
    for leaf in leaves.values():
        leaf.requires_grad_()
    settings = {key: case[key] for key in ("stride", "padding", "dilation", "groups")}
    y = F.conv1d(leaves["x"], leaves["weight"], leaves["bias"], **settings)
    case["batch_mean"] = flat(y.mean(dim=(0, 2)))
    case["batch_variance"] = flat(y.var(dim=(0, 2), unbiased=False))
    if case["norm"]:
        y = F.batch_norm(y, None, None, leaves["gamma"], leaves["beta"], training=True, eps=1e-5)
    if case["relu"]:
        y = F.relu(y)
    if case["pool"] > 1:
        y = F.max_pool1d(y, case["pool"])
    factors = single(torch.randn_like(y))
    (y * factors).sum().backward()
    case["values"] = {name: flat(leaf) for name, leaf in leaves.items()}
    case["output"] = flat(y)
    case["factors"] = flat(factors)
    case["gradients"] = {name: flat(leaf.grad) for name, leaf in leaves.items() if leaf.grad is not None}
    return case


golden = {"torch": torch.__version__.split("+")[0], "cases": [run(case) for case in CASES]}
path = Path(__file__).with_name("blocks.json")
path.write_text(json.dumps(golden) + "\n")
print(path, len(golden["cases"]))
