"""Writes events.json: epochs that MNE-Python cuts around the annotations of a real recording.

    python events.py [DATA]        DATA: the folder with eegmmidb/, default ../../../../shared/data
"""

import json
import sys
from pathlib import Path

import mne

mne.set_log_level("error")
HERE = Path(__file__).resolve().parent
DATA = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "../../../../shared/data"
FILE, CHANNELS, LABELS = "eegmmidb/S001/S001R03.edf", ["Fc5.", "Cz..", "O1.."], ["T1", "T2"]
TMIN, TMAX, BASELINE = -0.5, 1.0, (-0.5, 0.0)

raw = mne.io.read_raw_edf(DATA / FILE, preload=True).pick(CHANNELS).filter(1, 40)
events, ids = mne.events_from_annotations(raw, {label: at for at, label in enumerate(LABELS)})
epochs = mne.Epochs(raw, events, ids, TMIN, TMAX, baseline=BASELINE, preload=True, reject_by_annotation=False)
microvolts = epochs.get_data() * 1e6
rows = [
    {
        "label": LABELS[event],
        "start": (int(sample) + round(TMIN * raw.info["sfreq"])) / raw.info["sfreq"],
        # Every thirtieth sample of each channel.
        "values": [[float(f"{x:.7g}") for x in channel[::30]] for channel in epoch],
    }
    for epoch, (sample, _, event) in zip(microvolts, epochs.events)
]
facts = {"mne": mne.__version__, "file": FILE, "channels": CHANNELS, "labels": LABELS, "tmin": TMIN, "tmax": TMAX}
facts |= {"baseline": BASELINE, "samples": microvolts.shape[2], "rms": [float(x) for x in (microvolts**2).mean((0, 2)) ** 0.5]}
(HERE / "events.json").write_text(json.dumps({**facts, "epochs": rows}) + "\n")
