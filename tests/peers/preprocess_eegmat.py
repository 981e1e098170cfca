"""MNE-Python on the eegmat recordings: read, average reference, FIR 1-40 Hz, resample to 128 Hz, 2-s epochs.

    python preprocess_eegmat.py [--parallel] EEGMAT_DIR

Without --parallel one process works file by file with whatever threads its libraries use, as a script would. With it, files
are spread over one process a core, started beforehand, each with one thread.
"""

import argparse
import os
import sys
from pathlib import Path

if "--parallel" in sys.argv:
    # One process a core must not start a thread pool a core each.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"

import multiprocessing

import mne
import numpy as np

from turns import serve, timed

mne.set_log_level("error")
NOT_EEG = ["EEG A2-A1", "ECG ECG"]


def preprocess(path):
    raw = mne.io.read_raw_edf(path, preload=True, exclude=NOT_EEG)
    raw.set_eeg_reference("average")
    raw.filter(1.0, 40.0)
    raw.resample(128.0)
    epochs = mne.make_fixed_length_epochs(raw, duration=2.0, preload=True)
    return epochs.get_data(copy=False).astype(np.float32).shape[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parallel", action="store_true")
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("Subject*_[12].edf"))
    if not files:
        raise SystemExit(f"no Subject*_[12].edf in {arguments.folder}")
    label = f"mne-python {mne.__version__}"
    if arguments.parallel:
        jobs = os.cpu_count()
        pool = multiprocessing.Pool(jobs)
        label += f", {jobs} processes"

        def cohort():
            return sum(pool.map(preprocess, files, chunksize=1))

    else:

        def cohort():
            return sum(map(preprocess, files))

    serve(label, {"preprocess": timed(cohort), "check": cohort})


if __name__ == "__main__":
    main()
