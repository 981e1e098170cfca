"""Golden losses and gradients, computed by PyTorch's autograd in double precision.

    python -m venv venv && venv/bin/pip install torch==2.9.0 numpy && venv/bin/python generate.py

Writes losses.json: inputs `x` [n, d] (rows not yet of unit length), `class` [n], and per loss its value and the
gradient with respect to x (and to the loss's own parameters). Formulas are written out pair by pair, with no masks.
"""

import json
import math
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy, normalize, softplus

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)

CLASS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
N, D = len(CLASS), 6
X = torch.randn(N, D) + 1.2 * torch.randn(3, D)[CLASS]
PAIRS = [(i, j) for i in range(N) for j in range(i + 1, N)]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def sup_con(z, temperature=0.1):
    def anchor(i):
        total = sum(torch.exp(z[i] @ z[a] / temperature) for a in range(N) if a != i)
        positives = [p for p in range(N) if p != i and CLASS[p] == CLASS[i]]
        return -mean(z[i] @ z[p] / temperature - torch.log(total) for p in positives)

    return mean(anchor(i) for i in range(N))


def contrastive(distance, margin=1.4):
    def loss(z):
        pull = mean(distance(z[i], z[j]) ** 2 for i, j in PAIRS if CLASS[i] == CLASS[j])
        push = mean(torch.relu(margin - distance(z[i], z[j])) ** 2 for i, j in PAIRS if CLASS[i] != CLASS[j])
        return (pull + push) / 2

    return loss


def koch(z, weight, bias):
    def logit(i, j):
        return bias[0] - softplus(weight[0]) @ (z[i] - z[j]).abs()

    pull = mean(softplus(-logit(i, j)) for i, j in PAIRS if CLASS[i] == CLASS[j])
    push = mean(softplus(logit(i, j)) for i, j in PAIRS if CLASS[i] != CLASS[j])
    return (pull + push) / 2


def triplet(z, margin=0.2):
    squared = lambda i, j: ((z[i] - z[j]) ** 2).sum()
    terms = []
    for a in range(N):
        negatives = [n for n in range(N) if CLASS[n] != CLASS[a]]
        for p in range(N):
            if p == a or CLASS[p] != CLASS[a]:
                continue
            farther = [n for n in negatives if squared(a, n) > squared(a, p)]
            n = min(farther, key=lambda n: squared(a, n)) if farther else max(negatives, key=lambda n: squared(a, n))
            terms.append(torch.relu(squared(a, p) - squared(a, n) + margin))
    return mean(terms)


def n_pair(z, temperature=0.1):
    def term(i, p):
        others = (torch.exp((z[i] @ z[n] - z[i] @ z[p]) / temperature) for n in range(N) if CLASS[n] != CLASS[i])
        return torch.log(1 + sum(others))

    return mean(term(i, p) for i in range(N) for p in range(N) if i != p and CLASS[i] == CLASS[p])


def prototypical(z, temperature=0.1):
    rows = {c: [i for i in range(N) if CLASS[i] == c] for c in sorted(set(CLASS))}
    prototypes = torch.stack([z[rows[c][0::2]].mean(0) for c in rows])
    queries = [(i, k) for k, c in enumerate(rows) for i in rows[c][1::2]]
    logits = torch.stack([-((z[i] - prototypes) ** 2).sum(1) / temperature for i, _ in queries])
    return cross_entropy(logits, torch.tensor([k for _, k in queries]))


def arc_face(z, centres, scale=30.0, margin=0.5):
    cosine = z @ normalize(centres).T
    rows = []
    for i in range(N):
        row = cosine[i].clone()
        c = cosine[i, CLASS[i]]
        turned = torch.cos(torch.acos(c) + margin) if c > -math.cos(margin) else c - margin * math.sin(margin)
        row[CLASS[i]] = turned
        rows.append(scale * row)
    return cross_entropy(torch.stack(rows), torch.tensor(CLASS))


def subject_softmax(z, weight, bias, scale=10.0):
    return cross_entropy(scale * z @ weight.T + bias, torch.tensor(CLASS))


L1_SCALE = math.sqrt(math.pi / (2 * D))
LOSSES = {
    "sup_con": (sup_con, {}),
    "contrastive_l2": (contrastive(lambda a, b: ((a - b) ** 2).sum().sqrt()), {}),
    "contrastive_l1": (contrastive(lambda a, b: L1_SCALE * (a - b).abs().sum()), {}),
    "contrastive_cosine": (contrastive(lambda a, b: 1 - a @ b), {}),
    "koch": (koch, {"weight": torch.randn(1, D) - 1, "bias": torch.tensor([0.7])}),
    "triplet": (triplet, {}),
    "n_pair": (n_pair, {}),
    "prototypical": (prototypical, {}),
    "arc_face": (arc_face, {"centres": torch.randn(3, D)}),
    "subject_softmax": (subject_softmax, {"weight": torch.randn(3, D), "bias": torch.randn(1, 3)}),
}


def case(loss, parameters):
    x = X.clone().requires_grad_()
    parameters = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    value = loss(normalize(x), **parameters)
    value.backward()
    flat = lambda t: [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]
    described = {k: {"value": flat(p), "shape": list(p.shape), "gradient": flat(p.grad)} for k, p in parameters.items()}
    return {"value": value.item(), "gradient": flat(x.grad), "parameters": described}


golden = {
    "torch": torch.__version__.split("+")[0],
    "dim": D,
    "class": CLASS,
    "x": [float(f"{v:.9g}") for v in X.flatten().tolist()],
    "losses": {name: case(*entry) for name, entry in LOSSES.items()},
}
path = Path(__file__).with_name("losses.json")
path.write_text(json.dumps(golden) + "\n")
print(path, {name: round(entry["value"], 6) for name, entry in golden["losses"].items()})
