"""Opens every file of a synthetic cohort with pyEDFlib, edfio, MNE-Python and MNE-BIDS, and compares what they read.

    twinprint synth /tmp/cohort --subjects 3 --seconds 20
    python -m venv .venv && .venv/bin/pip install -r tests/interop/requirements.txt
    .venv/bin/python tests/interop/synth_opens_elsewhere.py /tmp/cohort

Ends with status 1 at the first file that a reader refuses, warns about, or reads differently from the others.
"""

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import edfio
import mne
import mne_bids
import numpy as np
import pyedflib

warnings.simplefilter("error")
mne.set_log_level("WARNING")


def check(path: Path) -> None:
    sidecar = json.loads(path.with_name(path.name.replace(".edf", ".json")).read_text())
    names = [line.split("\t")[0] for line in
             path.with_name(path.name.replace("_eeg.edf", "_channels.tsv")).read_text().splitlines()[1:]]
    rate, seconds = sidecar["SamplingFrequency"], sidecar["RecordingDuration"]

    with pyedflib.EdfReader(str(path)) as reader:
        labels = reader.getSignalLabels()
        by_pyedflib = np.stack([reader.readSignal(i) for i in range(reader.signals_in_file)])
        assert all(r == rate for r in reader.getSampleFrequencies()), "pyEDFlib: sampling frequency"
        assert reader.file_duration == seconds, "pyEDFlib: duration"
        assert reader.getPatientName() == "synthetic", "pyEDFlib: patient name"
    assert labels == names, "pyEDFlib: labels"

    edf = edfio.read_edf(path)
    by_edfio = np.stack([signal.data for signal in edf.signals])
    assert [signal.label for signal in edf.signals] == labels, "edfio: labels"
    assert edf.duration == seconds, "edfio: duration"
    assert edf.patient.name == "synthetic" and edf.recording.startdate.year == 1985, "edfio: header fields"

    raw = mne.io.read_raw_edf(path, preload=True)
    by_mne = raw.get_data(units="uV")
    assert raw.info["sfreq"] == rate, "MNE-Python: sampling frequency"

    assert by_pyedflib.shape == (len(names), round(rate * seconds)), "shape"
    np.testing.assert_allclose(by_edfio, by_pyedflib, atol=1e-6, err_msg="edfio and pyEDFlib")
    np.testing.assert_allclose(by_mne, by_pyedflib, atol=1e-6, err_msg="MNE-Python and pyEDFlib")
    rms = by_mne.std(axis=1)
    assert np.all((rms > 2) & (rms < 100)), f"implausible amplitudes: {rms.round(1)} uV"


def check_bids(root: Path, path: Path) -> None:
    bids_path = mne_bids.get_bids_path_from_fname(path)
    raw = mne_bids.read_raw_bids(bids_path.update(root=root), verbose="WARNING")
    assert set(raw.get_channel_types()) == {"eeg"}, "MNE-BIDS: channel types"
    assert raw.info["line_freq"] in (50, 60), "MNE-BIDS: mains"
    assert set(raw.annotations.description) <= {"blink"}, "MNE-BIDS: events"


def main() -> int:
    root = Path(sys.argv[1])
    files = sorted(root.glob("sub-*/ses-*/eeg/*_eeg.edf"))
    if not files:
        print(f"no recordings in {root}")
        return 1
    for path in files:
        try:
            check(path)
            check_bids(root, path)
        except Exception as error:  # every reader has its own; the file is what matters
            print(f"FAILED {path.relative_to(root)}: {type(error).__name__}: {error}")
            return 1
    packages = ", ".join(f"{p} {version(p)}" for p in ("pyedflib", "edfio", "mne", "mne-bids", "numpy"))
    print(f"{len(files)} files opened and read alike by {packages}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
