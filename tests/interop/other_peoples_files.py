"""Turns a synthetic cohort into files as other people have them, for docs/guide/other-peoples-files.md.

    python other_peoples_files.py COHORT FOLDER

COHORT is what `twinprint synth` wrote, two sessions a person. FOLDER gets `brainvision/` (a BIDS data set in BrainVision, written by
MNE-BIDS and pybv, its channels.tsv with one bad channel), `openbci/` (text as the OpenBCI GUI writes it, a few packets lost) and
`embeddings.parquet` (pandas: an index, a list of numbers in each row, short integers). Versions: requirements.txt beside this file.
"""

import sys
import warnings
from pathlib import Path

import mne
import mne_bids
import numpy as np
import pandas as pd

mne.set_log_level("ERROR")
warnings.simplefilter("ignore")
BANDS = [(4, 8), (8, 10), (10, 13), (13, 20), (20, 30)]


def brainvision(raw, subject, session, root):
    raw = raw.copy()
    raw.info["line_freq"] = 50
    raw.info["bads"] = [raw.ch_names[-1]] if subject == "01" else []
    path = mne_bids.BIDSPath(subject=subject, session=session, task="rest", datatype="eeg", root=root)
    mne_bids.write_raw_bids(raw, path, format="BrainVision", allow_preload=True, overwrite=True, verbose=False)


def openbci(raw, subject, session, folder):
    data = raw.get_data() * 1e6
    lines = [
        "%OpenBCI Raw EXG Data", f"%Number of channels = {len(data)}", f"%Sample Rate = {raw.info['sfreq']:.0f} Hz",
        "%Board = OpenBCI_GUI$BoardCytonSerial",
        ", ".join(["Sample Index", *(f"EXG Channel {i}" for i in range(len(data))), "Accel Channel 0", "Timestamp", "Timestamp (Formatted)"]),
    ]
    for sample, values in enumerate(data.T):
        if sample in (1000, 1001):
            continue
        time = 1.6e9 + sample // 8 * 8 / raw.info["sfreq"]
        lines.append(", ".join([f"{sample % 256:.1f}", *(f"{v:.6f}" for v in values), "0.0", f"{time:.6f}", "2020-09-13 12:26:40.000"]))
    (folder / f"{subject}_{session}.txt").write_text("\n".join(lines) + "\n")


def embeddings(raw, subject, session):
    sfreq = raw.info["sfreq"]
    epochs = mne.make_fixed_length_epochs(raw, 2.0, preload=True).get_data() * 1e6
    power = np.abs(np.fft.rfft(epochs * np.hanning(epochs.shape[-1]))) ** 2
    hertz = np.fft.rfftfreq(epochs.shape[-1], 1 / sfreq)
    bands = [np.log(power[..., (hertz >= low) & (hertz < high)].mean(-1)) for low, high in BANDS]
    vectors = np.concatenate(bands, axis=1)
    for row, vector in enumerate(vectors - vectors.mean(1, keepdims=True)):
        yield {
            "subject": int(subject), "session": np.int8(session), "start_second": 2.0 * row, "embedding": vector.astype("f4"),
            "made": pd.Timestamp("2020-01-01"),
        }


def main(cohort, folder):
    root, text = folder / "brainvision", folder / "openbci"
    text.mkdir(parents=True)
    rows = []
    for path in sorted(cohort.rglob("*_eeg.edf")):
        subject, session = (part.split("-")[1] for part in path.name.split("_")[:2])
        raw = mne.io.read_raw_edf(path, preload=True)
        brainvision(raw, subject, session, root)
        openbci(raw, subject, session, text)
        rows.extend(embeddings(raw, subject, session))
    # A table that was filtered before keeps the numbers of its rows as an index.
    table = pd.DataFrame(rows).query("start_second < 28")
    table.to_parquet(folder / "embeddings.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
