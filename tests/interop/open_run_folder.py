"""Opens a run's epochs.h5 and prints.h5 with h5py, without twinprint, and checks them against the run's other files.

    python open_run_folder.py RUN_FOLDER

Prints what it found and ends with status 1 at the first thing that is not as the guide says.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np


def whose(file):
    return {name: file[f"meta/{name}"].asstr()[:] for name in ("subject", "session", "recording")}


def main(folder):
    split = json.loads((folder / "split.json").read_text())
    tested = {fold["index"]: set(fold["test"]) for fold in split["folds"]}
    everybody = set().union(*tested.values())
    with h5py.File(folder / "epochs.h5") as file:
        epochs, meta = file["epochs"], whose(file)
        count, channels, _ = epochs.shape
        assert epochs.dtype == np.float32 and epochs.attrs["units"] == "µV", dict(epochs.attrs)
        assert len(epochs.attrs["ch_names"]) == channels
        assert all(len(column) == count for column in meta.values())
        assert set(meta["subject"]) == everybody
        assert np.isfinite(epochs[:]).all()
        print(f"epochs.h5: {epochs.shape} {epochs.attrs['units']} at {epochs.attrs['sfreq']} Hz")
        print(f"  channels {', '.join(epochs.attrs['ch_names'])}")
        print(f"  subjects {', '.join(sorted(everybody))}; recordings {', '.join(sorted(set(meta['recording'])))}")
    with h5py.File(folder / "prints.h5") as file:
        prints, meta, fold = file["prints"], whose(file), file["meta/fold"][:]
        assert prints.dtype == np.float32 and len(prints) == len(fold) > 0
        assert np.allclose(np.linalg.norm(prints[:], axis=1), 1, atol=1e-4), "prints have unit length"
        for index, subjects in tested.items():
            assert set(meta["subject"][fold == index]) == subjects, "prints are of the people a fold tests"
        assert (file["meta/start_second"][:] >= 0).all()
        print(f"prints.h5: {prints.shape}, folds {sorted(set(fold.tolist()))}")
    print("all checks passed")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
