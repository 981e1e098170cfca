"""Opens recordings that `twinprint convert` wrote with MNE-Python, MNE-BIDS, edfio and pyEDFlib, and compares them with their sources.

    python converted_opens_elsewhere.py FOLDER

FOLDER holds converted.json, the output of `twinprint convert --json` for recordings without gaps: most readers take no EDF+D. Prints one
line a check and ends with status 1 at the first that fails. Versions: requirements.txt beside this file.
"""

import json
import sys
import warnings
from pathlib import Path

import edfio
import mne
import mne_bids
import numpy as np
import pyedflib

mne.set_log_level("ERROR")
warnings.simplefilter("ignore")


def check(what, holds, found=""):
    if not holds:
        print(f"FAILED {what} {found}")
        sys.exit(1)
    print(f"ok {what}")


def source(path):
    if path.suffix == ".vhdr":
        return mne.io.read_raw_brainvision(path, preload=True)
    if path.suffix == ".set":
        return mne.io.read_raw_eeglab(path, preload=True)
    return mne.io.read_raw(path, preload=True)


def opens(one):
    path, name = Path(one["to"]), Path(one["to"]).name
    check(f"{name}: without gaps", one["segments"] == 1)
    edf = edfio.read_edf(path)
    check(f"{name}: edfio finds nobody", edf.local_patient_identification == "X X X X")
    check(f"{name}: edfio finds no date", edf.local_recording_identification == "Startdate X X X X")
    with pyedflib.EdfReader(str(path)) as reader:
        check(f"{name}: pyEDFlib", reader.signals_in_file == one["channels"] and reader.getPatientName() in ("", "X"))
        texts = reader.readAnnotations()[2]
    check(f"{name}: events in pyEDFlib", len(texts) == one["events"], len(texts))
    raw = mne_bids.read_raw_bids(mne_bids.get_bids_path_from_fname(path), verbose=False).load_data()
    check(f"{name}: events in MNE-BIDS", len(raw.annotations) == one["events"], len(raw.annotations))
    check(f"{name}: seconds", abs(raw.n_times / raw.info["sfreq"] - one["seconds"]) < 1e-6)
    before = Path(one["from"])
    if before.suffix in (".csv", ".txt"):
        return
    theirs = source(before)
    check(f"{name}: rate", raw.info["sfreq"] == theirs.info["sfreq"])
    plain = mne.io.read_raw_edf(path, preload=True, stim_channel=None)
    for ours, other in zip(plain.ch_names, theirs.ch_names):
        a, b = plain.get_data([ours])[0], theirs.get_data([other])[0][: plain.n_times]
        if theirs.get_channel_types([other]) != ["eeg"]:
            continue
        step = edf.get_signal(ours).physical_range
        half = (step[1] - step[0]) / 65535 / 2 * 1e-6
        check(f"{name}: samples of {ours}", np.abs(a - b).max() <= half * 1.001 + 1e-15, np.abs(a - b).max() / half)


def main(folder):
    for one in json.loads((folder / "converted.json").read_text()):
        opens(one)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
