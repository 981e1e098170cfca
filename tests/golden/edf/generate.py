"""Golden values for crates/edf: what edfio, MNE-Python and pyEDFlib read from the shared recordings.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python generate.py ../../../../shared/data > golden.json

edfio's reading is written down; MNE-Python and pyEDFlib must agree with it, or the difference must be listed in KNOWN
with its reason, or this script fails. Digests are over stored integers, so they are exact; physical values are
float64 to ten digits and are compared by the tests within 1e-6 of the value.
"""

import datetime
import importlib.metadata
import json
import sys
import warnings
from pathlib import Path

import edfio
import mne
import numpy as np
import pyedflib

mne.set_log_level("ERROR")
warnings.simplefilter("ignore")

POSITIONS = 5
LISTED = 12
COLUMNS = [
    "label", "unit", "rate", "total", "physical_range", "digital_range", "transducer", "prefilter", "digest", "physical",
]
WHOLE_FOLDERS = ["edf-conformance", "eegmmidb/S001"]
SINGLE_FILES = [
    "eegmat/Subject00_1.edf",
    "eegmat/Subject13_2.edf",
    "muse-cueing/sub-1101/ses-1/eeg/sub-1101_ses-1_task-cueing_eeg.edf",
    "muse-cueing/sub-1416/ses-2/eeg/sub-1416_ses-2_task-cueing_eeg.edf",
]
# Each entry: the library, what differs, why, and in which files.
KNOWN = json.loads((Path(__file__).parent / "known_differences.json").read_text())


def spread(total):
    """A few positions from first to last."""
    return [i * (total - 1) // (POSITIONS - 1) for i in range(POSITIONS)] if total else []


def digest(digital):
    """Sum and position-weighted sum of the stored integers, modulo 2**64 as signed numbers."""
    values = np.asarray(digital).astype(np.int64)
    weights = np.arange(len(values), dtype=np.int64) % 65521 + 1
    return [int(values.sum()), int((values * weights).sum())]


def ordered(annotations):
    return sorted([round(float(onset), 6), round(float(duration or 0), 6), text] for onset, duration, text in annotations)


def summary(annotations):
    """Number, sums and a digest of all; the first ones in full."""
    text = "\n".join(label for _, _, label in annotations).encode()
    fnv = 0xCBF29CE484222325
    for byte in text:
        fnv = (fnv ^ byte) * 0x100000001B3 % 2**64
    return {
        "count": len(annotations),
        "onsets": round(sum(onset for onset, _, _ in annotations), 6),
        "durations": round(sum(duration for _, duration, _ in annotations), 6),
        "labels_fnv1a": f"{fnv:016x}",
        "first": annotations[:LISTED],
    }


def of_edfio(path):
    read = edfio.read_bdf if path.suffix == ".bdf" else edfio.read_edf
    file = read(path)
    try:
        start = file.startdatetime.isoformat()
    except edfio.edf_header.AnonymizedDateError:
        start = None
    signals = [
        {
            "label": signal.label,
            "unit": signal.physical_dimension,
            "rate": float(signal.sampling_frequency),
            "total": len(signal.digital),
            "physical_range": list(map(float, signal.physical_range)),
            "digital_range": list(map(int, signal.digital_range)),
            "transducer": signal.transducer_type,
            "prefilter": signal.prefiltering,
            "digest": digest(signal.digital),
            "physical": [float(f"{signal.data[i]:.10g}") for i in spread(len(signal.digital))],
        }
        for signal in file.signals
    ]
    return {
        "start": start,
        "reserved": file.reserved,
        "records": file.num_data_records,
        "record_duration": float(file.data_record_duration),
        "signals": signals,
        "annotations": ordered((a.onset, a.duration, a.text) for a in file.annotations),
    }


VOLTS = {"uV": 1e-6, "mV": 1e-3, "V": 1.0}


def check_mne(path, golden):
    """Yields (what, shown) for each difference."""
    read = mne.io.read_raw_bdf if path.suffix == ".bdf" else mne.io.read_raw_edf
    raw = read(path, stim_channel=None, preload=False)
    start = raw.info["meas_date"]
    stated = golden["start"] and datetime.datetime.fromisoformat(golden["start"])
    if (start and start.replace(tzinfo=None)) != stated:
        yield "start", f"{start} for {golden['start']}"
    # Without signals a raw object lasts one second and drops what lies behind it; its annotation reader does not.
    listed = raw.annotations if golden["signals"] else mne.read_annotations(path)
    found = ordered((a["onset"], a["duration"], a["description"]) for a in listed)
    if found != golden["annotations"]:
        yield "annotations", f"{len(found)} for {len(golden['annotations'])}"
    rates = {signal["rate"] for signal in golden["signals"]}
    for index, signal in enumerate(golden["signals"]):
        if len(rates) == 1:
            name, own = raw.ch_names[index], raw
        else:
            own = read(path, stim_channel=None, preload=False, include=[signal["label"]])
            name = own.ch_names[0]
        if abs(own.info["sfreq"] - signal["rate"]) > 1e-9 * signal["rate"]:
            yield "rate", f"{name} {own.info['sfreq']} for {signal['rate']}"
        if len(own.times) != signal["total"]:
            yield "total", f"{name} {len(own.times)} for {signal['total']}"
            continue
        factor = VOLTS.get(signal["unit"], 1.0)
        values = np.array([own.get_data(picks=[name], start=i, stop=i + 1)[0, 0] for i in spread(signal["total"])]) / factor
        span = abs(signal["physical_range"][1] - signal["physical_range"][0])
        if not np.allclose(values, signal["physical"], rtol=1e-9, atol=1e-9 * span):
            yield "physical", f"{name} {values[:3]} for {signal['physical'][:3]}"


def check_pyedflib(path, golden):
    with pyedflib.EdfReader(str(path)) as file:
        start = file.getStartdatetime().isoformat()
        if start != golden["start"]:
            yield "start", f"{start} for {golden['start']}"
        found = ordered(zip(*file.readAnnotations(), strict=True))
        if [[a, max(b, 0), c] for a, b, c in found] != golden["annotations"]:
            yield "annotations", f"{len(found)} for {len(golden['annotations'])}"
        labels = file.getSignalLabels()
        if labels != [signal["label"] for signal in golden["signals"]]:
            yield "labels", f"{labels[:3]}"
            return
        for index, signal in enumerate(golden["signals"]):
            if abs(file.getSampleFrequency(index) - signal["rate"]) > 1e-6 * signal["rate"]:
                yield "rate", f"{signal['label']} {file.getSampleFrequency(index)}"
            if digest(file.readSignal(index, digital=True)) != signal["digest"]:
                yield "digital", signal["label"]


def differences(path, golden):
    for library, check in (("mne", check_mne), ("pyedflib", check_pyedflib)):
        try:
            yield from ((library, what, shown) for what, shown in check(path, golden))
        except Exception as error:  # a refusal is a difference too
            yield library, "refused", f"{type(error).__name__}: {str(error).replace(str(path.parent), '')[:160]}"


def reason(name, library, what):
    for known in KNOWN:
        if known["library"] == library and known["what"] == what and name in known["files"]:
            return known["reason"]
    return None


def main():
    root = Path(sys.argv[1])
    paths = [p for folder in WHOLE_FOLDERS for p in sorted((root / folder).rglob("*.[eb]df"))]
    paths += [root / name for name in SINGLE_FILES]
    files, unexplained = {}, []
    for path in paths:
        golden = of_edfio(path)
        name = str(path.relative_to(root))
        for library, what, shown in differences(path, golden):
            if reason(name, library, what) is None:
                unexplained.append(f"{name}: {library} {what}: {shown}")
        golden["annotations"] = summary(golden["annotations"])
        golden["signals"] = [[signal[column] for column in COLUMNS] for signal in golden["signals"]]
        files[name] = golden
    if unexplained:
        sys.exit("\n".join(["differences without a reason in known_differences.json:", *unexplained]))
    versions = {name: importlib.metadata.version(name) for name in ("edfio", "mne", "numpy", "pyedflib")}
    lines = [f"{json.dumps(name)}: {json.dumps(golden, ensure_ascii=False, separators=(',', ':'))}" for name, golden in files.items()]
    head = f'{{"versions": {json.dumps(versions)},\n"columns": {json.dumps(COLUMNS)},\n"files": {{\n'
    print(head + ",\n".join(lines) + "\n}}")


main()
