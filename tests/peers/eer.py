"""EER and trade-off curve of 10**7 scores with scikit-learn's roc_curve; prints one JSON line."""

import json
import sys
import time

import numpy as np
import sklearn
from sklearn.metrics import roc_curve

trials = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 3
subjects = 20

generator = np.random.default_rng(1)
trial = np.arange(trials)
mated = (trial % subjects) == (trial // subjects % subjects)
scores = generator.standard_normal(trials) + 2.0 * mated

seconds = []
for _ in range(repeats):
    start = time.perf_counter()
    fmr, recall, _ = roc_curve(mated, scores)
    fnmr = 1.0 - recall
    after = int(np.argmax(fnmr <= fmr))
    gap_before = fnmr[after - 1] - fmr[after - 1]
    gap_after = fmr[after] - fnmr[after]
    share = gap_before / (gap_before + gap_after)
    eer = fmr[after - 1] + share * (fmr[after] - fmr[after - 1])
    seconds.append(time.perf_counter() - start)

print(
    json.dumps(
        {
            "name": "eer_1e7",
            "peer": f"scikit-learn {sklearn.__version__} roc_curve",
            "seconds": float(np.median(seconds)),
            "best": min(seconds),
            "repeats": repeats,
            "eer": float(eer),
        }
    )
)
