"""Times MNE-Python on the eegmat recordings: read, average reference, FIR 1-40 Hz, resample to 128 Hz, 2-s epochs.

    python preprocess_eegmat.py EEGMAT_DIR [--runs K] [--jobs J]

Prints one JSON object: seconds (median of K runs over all files, imports excluded), each run, files, epochs, version.
With --jobs J > 1 files are spread over J processes started before the clock; otherwise one process works file by file,
with whatever threads its libraries use.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from pathlib import Path

# One process a core must not start a thread pool a core each.
if "--jobs" in os.sys.argv:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")

import mne
import numpy as np

mne.set_log_level("error")
NOT_EEG = ["EEG A2-A1", "ECG ECG"]


def preprocess(path):
    raw = mne.io.read_raw_edf(path, preload=True, exclude=NOT_EEG)
    raw.set_eeg_reference("average")
    raw.filter(1.0, 40.0)
    raw.resample(128.0)
    epochs = mne.make_fixed_length_epochs(raw, duration=2.0, preload=True)
    return epochs.get_data(copy=False).astype(np.float32).shape


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("Subject*_[12].edf"))
    if not files:
        raise SystemExit(f"no Subject*_[12].edf in {arguments.folder}")
    pool = multiprocessing.Pool(arguments.jobs) if arguments.jobs > 1 else None
    work = (lambda: pool.map(preprocess, files, chunksize=1)) if pool else (lambda: [preprocess(f) for f in files])
    # First-use costs (lazy imports, planning) are not counted.
    if pool:
        pool.map(preprocess, files[:1] * arguments.jobs, chunksize=1)
    else:
        preprocess(files[0])
    seconds = []
    for _ in range(arguments.runs):
        start = time.perf_counter()
        shapes = work()
        seconds.append(time.perf_counter() - start)
    print(
        json.dumps(
            dict(
                peer=f"mne-python {mne.__version__}",
                seconds=statistics.median(seconds),
                runs=seconds,
                jobs=arguments.jobs,
                files=len(files),
                epochs=sum(shape[0] for shape in shapes),
            )
        )
    )


if __name__ == "__main__":
    main()
