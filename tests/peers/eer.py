"""Equal error rate and trade-off curve of 10**7 scores with scikit-learn's roc_curve."""

import numpy as np
import sklearn
from sklearn.metrics import roc_curve

from turns import serve, timed

TRIALS, SUBJECTS = 10_000_000, 20

generator = np.random.default_rng(1)
trial = np.arange(TRIALS)
mated = (trial % SUBJECTS) == (trial // SUBJECTS % SUBJECTS)
scores = generator.standard_normal(TRIALS) + 2.0 * mated
del trial


def eer():
    fmr, recall, _ = roc_curve(mated, scores)
    fnmr = 1.0 - recall
    after = int(np.argmax(fnmr <= fmr))
    gap_before = fnmr[after - 1] - fmr[after - 1]
    gap_after = fmr[after] - fnmr[after]
    share = gap_before / (gap_before + gap_after)
    return fmr[after - 1] + share * (fmr[after] - fmr[after - 1])


serve(f"scikit-learn {sklearn.__version__} roc_curve", {"eer": timed(eer), "check": eer})
