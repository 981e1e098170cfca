"""Writes metrics.json: verification metrics of small trial lists, by independent tools.

    pip install -r requirements.txt && python generate.py

eer          every threshold tried in exact fractions, O(n^2)
pyeer_*      pyeer.eer_info.get_eer_stats
auc          sklearn.metrics.roc_auc_score
min_dcf      every threshold tried, prior 0.01, costs 1, divided by the prior
min_cllr     sklearn.isotonic.IsotonicRegression
calibration  scipy.optimize.minimize of the balanced logistic loss with Platt's targets
"""

import json
import pathlib
from fractions import Fraction

import numpy as np
from pyeer.eer_info import get_eer_stats
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score


def operating_points(mated, non_mated):
    points = []
    for threshold in sorted(set(mated) | set(non_mated)) + [float("inf")]:
        fmr = Fraction(sum(score >= threshold for score in non_mated), len(non_mated))
        fnmr = Fraction(sum(score < threshold for score in mated), len(mated))
        points.append((fmr, fnmr))
    return points


def equal_error_rate(points):
    for (fmr_0, fnmr_0), (fmr_1, fnmr_1) in zip(points, points[1:]):
        if fmr_0 > fnmr_0 and fnmr_1 >= fmr_1:
            share = (fmr_0 - fnmr_0) / ((fmr_0 - fnmr_0) + (fnmr_1 - fmr_1))
            return fmr_0 + share * (fmr_1 - fmr_0)
    raise ValueError("no crossing")


def cllr_bits(mated, non_mated):
    with np.errstate(over="ignore"):
        return float((np.logaddexp(0, -mated).mean() + np.logaddexp(0, non_mated).mean()) / (2 * np.log(2)))


def min_cllr(mated, non_mated):
    scores = np.concatenate([mated, non_mated])
    labels = np.concatenate([np.ones(len(mated)), np.zeros(len(non_mated))])
    # Ties are averaged by IsotonicRegression itself.
    posterior = IsotonicRegression(y_min=0, y_max=1).fit(scores, labels).predict(scores)
    with np.errstate(divide="ignore"):
        ratio = np.log(posterior) - np.log1p(-posterior) - np.log(len(mated) / len(non_mated))
    return cllr_bits(ratio[: len(mated)], ratio[len(mated) :])


def calibration(mated, non_mated):
    target_mated = (len(mated) + 1) / (len(mated) + 2)
    target_non_mated = 1 / (len(non_mated) + 2)

    def loss(parameters):
        def mean(scores, target):
            x = parameters[0] * scores + parameters[1]
            return np.mean(target * np.logaddexp(0, -x) + (1 - target) * np.logaddexp(0, x))

        return (mean(mated, target_mated) + mean(non_mated, target_non_mated)) / 2

    result = minimize(loss, [0.0, 0.0], method="BFGS", options={"gtol": 1e-10})
    return {"slope": float(result.x[0]), "intercept": float(result.x[1])}


def case(name, mated, non_mated):
    mated, non_mated = np.asarray(mated, float), np.asarray(non_mated, float)
    points = operating_points(mated.tolist(), non_mated.tolist())
    eer = equal_error_rate(points)
    prior = Fraction(1, 100)
    cost = min(prior * fnmr + (1 - prior) * fmr for fmr, fnmr in points)
    peer = get_eer_stats(mated.tolist(), non_mated.tolist())
    labels = np.concatenate([np.ones(len(mated)), np.zeros(len(non_mated))])
    deviation = np.sqrt((mated.var() + non_mated.var()) / 2)
    return {
        "name": name,
        "mated": mated.tolist(),
        "non_mated": non_mated.tolist(),
        "eer": float(eer),
        "pyeer_low": float(peer.eer_low),
        "pyeer_high": float(peer.eer_high),
        "pyeer_fnmr_at_fmr_10": float(peer.fmr10),
        "auc": float(roc_auc_score(labels, np.concatenate([mated, non_mated]))),
        "d_prime": float((mated.mean() - non_mated.mean()) / deviation) if deviation > 0 else None,
        "min_dcf": float(min(cost / prior, 1)),
        "cllr": cllr_bits(mated, non_mated),
        "min_cllr": min_cllr(mated, non_mated),
        "calibration": calibration(mated, non_mated) if deviation > 0 else None,
    }


def main():
    generator = np.random.default_rng(20240717)
    normal = generator.standard_normal
    cases = [
        case("gaussian", np.round(normal(60) + 2, 3), np.round(normal(400), 3)),
        case("tied", np.round(normal(50) + 1, 0), np.round(normal(350), 0)),
        case("separable", [2.0, 2.5, 3.0, 2.25], np.round(normal(40) / 4, 3)),
        case("constant", [1.0] * 5, [1.0] * 30),
        case("reversed", np.round(normal(40) - 1, 2), np.round(normal(330), 2)),
        case("few", [0.9, 0.4], [0.5, 0.1, 0.4]),
    ]
    text = json.dumps({"cases": cases}, indent=None, separators=(",", ":"))
    pathlib.Path(__file__).with_name("metrics.json").write_text(text + "\n")


main()
