"""Compares what twinprint reads of recordings with what MNE-Python reads: headers, samples, events, epochs.

    python conformance.py TWINPRINT DATA [--short]

TWINPRINT is the command. DATA holds recordings: each is shown by `twinprint inspect` and read by MNE-Python; channels, rates, lengths, the
root mean square of every channel and the events must agree. Of the data sets in SETS every epoch of a second is compared too. Then BIDS data sets of every format that BIDS-EEG has are written by
MNE-BIDS, pybv, eeglabio and edfio; `twinprint preprocess` cuts each into epochs, of fixed length and around events, and every sample must be the
one that MNE-Python cuts. `--short` takes some of the recordings. What is known to differ, and why, stands in KNOWN. Ends with status 1
where anything else does. Versions: requirements.txt beside this file.
"""

import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import h5py
import mne
import mne_bids
import numpy as np

mne.set_log_level("ERROR")
warnings.simplefilter("ignore")
RECORDINGS = {".edf", ".bdf", ".vhdr", ".set"}
FORMATS = ["EDF", "BDF", "BrainVision", "EEGLAB"]
PEOPLE = ["01", "02", "03", "04"]
# Parts of a path, and why MNE-Python reads something else there or nothing.
KNOWN = json.loads(Path(__file__).with_name("conformance_known.json").read_text())


class Differs(Exception):
    pass


def agree(what, ours, theirs, tolerance=0.0):
    if isinstance(ours, float) or isinstance(theirs, float):
        same = abs(ours - theirs) <= tolerance * max(abs(theirs), 1e-12) + 1e-9
    else:
        same = ours == theirs
    if not same:
        raise Differs(f"{what}: twinprint {ours!r}, MNE-Python {theirs!r}")


def read(path):
    if path.suffix == ".vhdr":
        return mne.io.read_raw_brainvision(path, preload=True)
    if path.suffix == ".set":
        return mne.io.read_raw_eeglab(path, preload=True)
    reader = mne.io.read_raw_bdf if path.suffix == ".bdf" else mne.io.read_raw_edf
    return reader(path, preload=True, stim_channel=None, units=None)


def microvolts(raw):
    """Samples in the unit of the file, as `inspect` shows them: MNE-Python has volts, and other quantities scaled by their range."""
    data = raw.get_data()
    factors = {"V": 1.0, "mV": 1e3, "µV": 1e6, "uV": 1e6, "nV": 1e9}
    units = [raw._orig_units.get(name, "n/a") for name in raw.ch_names]
    return data, [factors.get(unit) for unit in units]


def compare_recording(twinprint, path):
    done = subprocess.run([twinprint, "inspect", "--json", path], capture_output=True, text=True)
    if done.returncode:
        raise Differs(f"twinprint refuses it: {done.stderr.strip()[:200]}")
    ours, raw = json.loads(done.stdout), read(path)
    by_label = {signal["label"]: signal for signal in ours["signals"]}
    agree("channels", len(ours["signals"]), len(raw.ch_names))
    agree("names", sorted(by_label), sorted(raw.ch_names))
    rate = max((signal["rate"] for signal in ours["signals"]), default=raw.info["sfreq"])
    agree("rate", float(rate), float(raw.info["sfreq"]), 1e-9)
    agree("seconds", float(ours["seconds"]), raw.n_times / raw.info["sfreq"], 1e-6)
    data, factors = microvolts(raw)
    for name, values, factor in zip(raw.ch_names, data, factors):
        signal = by_label[name]
        # MNE-Python resamples slower channels, does not say in what unit others than voltages are, and keeps 17 bits of triggers.
        if signal["rate"] == rate and factor is not None and name.lower() not in ("status", "trigger"):
            agree(f"RMS of {name}", float(signal["rms"]), float((values - values.mean()).std() * factor), 1e-4)
    counts, firsts = {}, {}
    for event in raw.annotations:
        label = str(event["description"])
        counts[label] = counts.get(label, 0) + 1
        firsts[label] = min(float(event["onset"]), firsts.get(label, np.inf))
    agree("events", {a["label"]: a["count"] for a in ours["annotations"]}, counts)
    for annotation in ours["annotations"]:
        agree(f"onset of {annotation['label']}", float(annotation["first"]), firsts[annotation["label"]], 1e-6)


def recordings(data, short):
    found = sorted(path for path in data.rglob("*") if path.suffix.lower() in RECORDINGS)
    if not short:
        return found
    large = [path for path in found if "edf-conformance" not in path.parts and "formats" not in path.parts]
    return [path for path in found if path not in large] + large[::40]


def made(kind, root):
    """A BIDS data set of one format: four people, a bad channel, one that is no EEG, events."""
    names = ["Fp1", "Fp2", "C3", "C4", "O1", "HEOG"]
    for subject in PEOPLE:
        rng = np.random.default_rng(int(subject))
        info = mne.create_info(names, 250.0, ["eeg"] * 5 + ["eog"])
        raw = mne.io.RawArray(rng.standard_normal((6, 250 * 20)) * 2e-5, info)
        raw.set_annotations(mne.Annotations(np.arange(1.0, 18.0, 1.5), 0.1, ["left", "right"] * 6))
        raw.info["line_freq"], raw.info["bads"] = 50, ["C4"]
        path = mne_bids.BIDSPath(subject=subject, task="rest", datatype="eeg", root=root)
        mne_bids.write_raw_bids(raw, path, format=kind, allow_preload=True, overwrite=True, verbose=False)


# Data sets of DATA whose every epoch is compared, and where a recording lies in them.
SETS = {
    "eegmat": "{subject}_{recording}.edf",
    "muse-cueing": "{subject}/{session}/eeg/{subject}_{recording}_eeg.edf",
    "guinea-bissau": "{subject}.edf",
}

PLAN = """
name = "conformance"
dataset = {{ root = "{root}", layout = {layout} }}
[preprocess]
filter = false
reference = "none"
resample = false
epochs = {epochs}
reject = {{ constant = false }}
channels = {{ pick = {pick} }}
[protocol]
folds = 2
variant = "within-recording"
enrol = {{ seconds = 4.0 }}
probe = {{ seconds = [2.0] }}
"""


def preprocessed(twinprint, plan, folder):
    """The run folder, which the command names."""
    done = subprocess.run([twinprint, "preprocess", plan, "--out", folder, "--quiet"], capture_output=True, text=True)
    if done.returncode:
        raise Differs(f"twinprint refuses it: {done.stderr.strip()[:600]}")
    return Path(done.stdout.strip())


def compare_set(twinprint, root, name, folder):
    """Epochs of one second of every recording of a data set; how many recordings agree."""
    plan, layout = folder / "set.toml", f'{{ kind = "manifest", name = "{name}" }}'
    plan.write_text(PLAN.format(root=root.absolute(), layout=layout, epochs="{ duration = 1.0 }", pick="[]"))
    with h5py.File(preprocessed(twinprint, plan, folder / "out") / "epochs.h5") as file:
        keys = list(zip(*(file[f"meta/{key}"].asstr()[:] for key in ["subject", "session", "recording"])))
        starts, names = file["meta/start_second"][:], list(file["epochs"].attrs["ch_names"])
        for key in sorted(set(keys)):
            rows = [row for row, other in enumerate(keys) if other == key]
            ours = file["epochs"][rows[0] : rows[-1] + 1]
            path = root / SETS[name].format(**dict(zip(["subject", "session", "recording"], key)))
            raw = read(path)
            facts = json.loads(subprocess.run([twinprint, "inspect", "--json", path], capture_output=True, text=True).stdout)
            labels = {signal["channel"]: signal["label"] for signal in facts["signals"]}
            theirs = mne.make_fixed_length_epochs(raw, 1.0, preload=True).get_data(picks=[labels[name] for name in names]) * 1e6
            # Epochs without any signal are left out of ours; the others are told by where they start.
            theirs = theirs[np.round(starts[rows]).astype(int)]
            agree(f"epochs of {path.name}", ours.shape, theirs.shape)
            agree(f"samples of epochs of {path.name}", bool(np.abs(ours - theirs).max() <= 1e-6 * np.abs(theirs).max()), True)
    return len(set(keys))


def compare_epochs(twinprint, root, folder):
    kinds = {
        "fixed": "{ duration = 1.0 }",
        "events": '{ events = ["left", "right"], tmin = -0.2, tmax = 0.796 }',
    }
    for kind, epochs in kinds.items():
        plan = folder / f"{kind}.toml"
        plan.write_text(PLAN.format(root=root, layout='{ kind = "bids" }', epochs=epochs, pick='["Fp1", "Fp2", "C3", "O1"]'))
        with h5py.File(preprocessed(twinprint, plan, folder / kind) / "epochs.h5") as file:
            subjects, data = file["meta/subject"].asstr()[:], file["epochs"][:]
            names = list(file["epochs"].attrs["ch_names"])
        for subject in PEOPLE:
            bids = mne_bids.BIDSPath(subject=subject, task="rest", datatype="eeg", root=root)
            raw = mne_bids.read_raw_bids(bids, verbose=False).load_data()
            agree("bad channels", raw.info["bads"], ["C4"])
            if kind == "fixed":
                theirs = mne.make_fixed_length_epochs(raw, 1.0, preload=True)
            else:
                events, ids = mne.events_from_annotations(raw)
                theirs = mne.Epochs(raw, events, ids, -0.2, 0.796, baseline=None, preload=True)
            theirs = theirs.get_data(picks=names) * 1e6
            ours = data[subjects == f"sub-{subject}"]
            agree(f"{kind} epochs of sub-{subject}", ours.shape, theirs.shape)
            error = np.abs(ours - theirs).max() / np.abs(theirs).max()
            agree(f"samples of {kind} epochs of sub-{subject}", bool(error < 1e-6), True)


def main(twinprint, data, short):
    failed = compared = known = 0
    for path in recordings(data, short):
        reason = next((why for part, why in KNOWN.items() if part in str(path)), None)
        try:
            compare_recording(twinprint, path)
            compared += 1
        except Exception as error:
            name = path.relative_to(data)
            if reason:
                known += 1
                print(f"known   {name}: {reason}")
            else:
                failed += 1
                print(f"DIFFERS {name}: {error}")
    for name in [] if short else SETS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                count = compare_set(twinprint, data / name, name, Path(folder))
                print(f"epochs of {count} recordings of {name} agree")
            except Exception as error:
                failed += 1
                print(f"DIFFERS {name}: {error}")
    for kind in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                made(kind, Path(folder) / "bids")
                compare_epochs(twinprint, Path(folder) / "bids", Path(folder))
                compared += 1
            except Exception as error:
                failed += 1
                print(f"DIFFERS a BIDS data set in {kind}: {error}")
    print(f"{compared} recordings and data sets agree, {known} differ for a known reason, {failed} for none")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]), "--short" in sys.argv))
