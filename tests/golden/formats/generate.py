"""Golden values for crates/recordings: what MNE-Python reads of BrainVision and EEGLAB files.

    python generate.py ../../../../shared/data > golden.json

Read with mne 1.13, numpy 2.4, scipy 1.17, h5py 3.15. Files of the shared data are read where they lie; the small files beside this
script (`made/`) are written by it, for kinds that the shared data has not: INT_32, vectorised INT_16, MATLAB 7.3 with samples and
locations inside, MATLAB 5 compressed with one channel. MNE-Python leaves MATLAB 7.3 to other packages; the values of those files are
read with h5py.
"""

import json
import sys
import warnings
from pathlib import Path

import h5py
import mne
import numpy as np
import scipy.io

mne.set_log_level("ERROR")
warnings.simplefilter("ignore")
HERE = Path(__file__).parent
MADE = HERE / "made"
POSITIONS = 5
VOLTS = {"V", "mV", "µV", "uV", "nV"}


def channel(name, kind, unit, values):
    total = len(values)
    places = [i * (total - 1) // (POSITIONS - 1) for i in range(POSITIONS)]
    weights = np.arange(total) % 997 + 1
    return {
        "name": name, "eeg": kind == "eeg", "unit": unit, "sum": float(values.sum()), "weighted": float((values * weights).sum()),
        "size": float(np.abs(values).sum()), "at": [[i, float(values[i])] for i in places],
    }


def events(annotations):
    return [[float(o), float(np.nan_to_num(d)), str(t)] for o, d, t in zip(annotations.onset, annotations.duration, annotations.description)]


def of_mne(raw):
    rows = []
    for name, kind, values, info in zip(raw.ch_names, raw.get_channel_types(), raw.get_data(), raw.info["chs"]):
        unit = raw._orig_units.get(name, "µV")
        # Volts in microvolts; of other quantities the value in the unit as written, which MNE-Python scales by "range".
        values = values * 1e6 if unit in VOLTS or kind == "eeg" else values / info["range"]
        rows.append(channel(name, kind, unit, values))
    start = raw.info["meas_date"]
    return {
        "rate": float(raw.info["sfreq"]), "samples": int(raw.n_times), "start": start and start.strftime("%Y-%m-%dT%H:%M:%S.%f"),
        "channels": rows, "events": events(raw.annotations),
    }


def made():
    """Small files of kinds that the shared data has not."""
    MADE.mkdir(exist_ok=True)
    rng = np.random.default_rng(1)
    stored = rng.integers(-30000, 30000, (3, 500))
    header = (
        "Brain Vision Data Exchange Header File Version 1.0\n; made by generate.py\n\n[Common Infos]\nCodepage=UTF-8\nDataFile=$b.eeg\n"
        "MarkerFile={name}.vmrk\nDataFormat=BINARY\nDataOrientation={order}\nNumberOfChannels=3\nSamplingInterval=5000\n{points}\n"
        "[Binary Infos]\nBinaryFormat={kind}\n\n[Channel Infos]\nCh1=Fp1,,0.1,µV\nCh2=A\\1B,,2,mV\nCh3=resp,,,ARU\n"
    )
    marks = (
        "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Common Infos]\nDataFile={name}.eeg\n\n[Marker Infos]\n"
        "Mk1=New Segment,,1,1,0,20200102030405678901\nMk2=Stimulus,S  1,11,20,0\nMk3=Comment,a\\1b,101,0,0\nMk4=New Segment,,251,1,0,0\n"
        "Mk5=Stimulus,S  2,490,200,0\nMk6=Stimulus,S  3,900,1,0\n"
    )
    for name, kind, dtype, order, points in [
        ("int32", "INT_32", "<i4", "MULTIPLEXED", ""), ("vectorized", "INT_16", "<i2", "VECTORIZED", "DataPoints=500"),
    ]:
        text = header.format(name=name, kind=kind, order=order, points=points)
        (MADE / f"{name}.vhdr").write_text(text.replace("$b", name), encoding="utf-8")
        (MADE / f"{name}.vmrk").write_text(marks.format(name=name), encoding="utf-8")
        numbers = stored.astype(dtype)
        (MADE / f"{name}.eeg").write_bytes((numbers if order == "VECTORIZED" else numbers.T).tobytes())
    data = (rng.standard_normal((2, 300)) * 20).astype("f4")
    latencies, kinds, lengths = [1.0, 50.5, 120.0, 250.0], ["square", "boundary", 7, "rt"], [0.0, 10.0, 25.0, 500.0]
    event = np.array([(t, l, d) for t, l, d in zip(kinds, latencies, lengths)], dtype=[("type", "O"), ("latency", "O"), ("duration", "O")])
    places = np.array([("Cz", "EEG"), ("left", "EOG")], dtype=[("labels", "O"), ("type", "O")])
    eeg = {
        "nbchan": 2.0, "trials": 1.0, "pnts": 300.0, "srate": 100.0, "data": data, "chanlocs": places, "event": event, "setname": "made",
        "icaweights": np.zeros((0, 0)),
    }
    scipy.io.savemat(MADE / "compressed.set", {"EEG": eeg}, do_compression=True, appendmat=False)
    with h5py.File(MADE / "matlab73.h5", "w", userblock_size=512) as file:
        root = file.create_group("EEG")
        refs = file.create_group("#refs#")

        def text(value):
            dataset = refs.create_dataset(f"r{len(refs)}", data=np.array([[ord(c)] for c in value], "u2"))
            dataset.attrs["MATLAB_class"] = np.bytes_("char")
            dataset.attrs["MATLAB_int_decode"] = np.int32(2)
            return dataset.ref

        def number(value):
            return refs.create_dataset(f"r{len(refs)}", data=np.array([[float(value)]])).ref

        for key in ["nbchan", "trials", "pnts", "srate"]:
            root.create_dataset(key, data=np.array([[eeg[key]]]))
        root.create_dataset("data", data=data.T, chunks=(64, 2), compression="gzip", shuffle=True)
        column = lambda values: np.array([[v] for v in values], dtype=h5py.ref_dtype)
        located, noted = root.create_group("chanlocs"), root.create_group("event")
        located.create_dataset("labels", data=column([text("Cz"), text("left")]), dtype=h5py.ref_dtype)
        located.create_dataset("type", data=column([text("EEG"), text("EOG")]), dtype=h5py.ref_dtype)
        noted.create_dataset("type", data=column([number(k) if k == 7 else text(k) for k in kinds]), dtype=h5py.ref_dtype)
        noted.create_dataset("latency", data=column([number(x) for x in latencies]), dtype=h5py.ref_dtype)
        noted.create_dataset("duration", data=column([number(x) for x in lengths]), dtype=h5py.ref_dtype)
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Thu Jan  2 03:04:05 2020 HDF5 schema 1.00 .".ljust(124) + b"\x00\x02IM"
    whole = (MADE / "matlab73.h5").read_bytes()
    (MADE / "matlab73.set").write_bytes(head.ljust(512, b"\x00") + whole[512:])
    (MADE / "matlab73.h5").unlink()


def of_hdf5(path):
    """A set of MATLAB 7.3 with h5py, its events cut to the recording as MNE-Python does with those of other sets."""
    with h5py.File(path) as file:
        eeg = file["EEG"]
        rate, total = float(eeg["srate"][0, 0]), int(eeg["pnts"][0, 0])

        def value(ref):
            array = file[ref][()]
            return "".join(map(chr, array.ravel())) if array.dtype == "u2" else array.ravel()[0]

        read = lambda name: [value(ref) for ref in eeg["event"][name][:, 0]] if name in eeg["event"] else None
        kinds, onsets = read("type"), [(x - 1) / rate for x in read("latency")]
        lengths = [x / rate for x in read("duration") or [0.0] * len(onsets)]
        label = lambda kind: kind if isinstance(kind, str) else f"{kind:g}"
        end = total / rate
        listed = [[o, min(o + d, end) - o, label(k)] for o, d, k in zip(onsets, lengths, kinds) if o <= end]
        rows = []
        if eeg["data"].dtype != "u2":
            names = [value(ref) for ref in eeg["chanlocs"]["labels"][:, 0]]
            types = [value(ref).lower() for ref in eeg["chanlocs"]["type"][:, 0]]
            data = eeg["data"][()].T.astype(float)
            rows = [channel(n, t, "µV", v) for n, t, v in zip(names, types, data)]
        return {"rate": rate, "samples": total, "start": None, "channels": rows, "events": listed}


def odd():
    """Sets that MNE-Python refuses or reads as one stretch, and EEGLAB as it should: `odd/`. The sample of a channel is 1000 times its number and the sample's."""
    folder = HERE / "odd"
    folder.mkdir(exist_ok=True)
    data = (1000 * np.arange(3)[:, None] + np.arange(200)[None, :]).astype("f4")
    event = np.array([(-99.0, 100.5, 50.0), (1.0, 151.0, 0.0)], dtype=[("type", "O"), ("latency", "O"), ("duration", "O")])
    eeg = {"nbchan": 3.0, "trials": 1.0, "pnts": 200.0, "srate": 100.0, "data": data, "setname": "odd"}
    scipy.io.savemat(folder / "numbered_boundary.set", {"EEG": {**eeg, "event": event}}, appendmat=False, do_compression=True)
    # EEGLAB before its version 4.5: one channel after the other (pop_loadset transposes a .dat file).
    scipy.io.savemat(folder / "old.set", {"EEG": {**eeg, "data": "old.dat"}}, appendmat=False, do_compression=True)
    (folder / "old.dat").write_bytes(data.astype("<f4").tobytes())
    several = np.zeros((1, 2), dtype=[(key, "O") for key in eeg])
    several[0, 0] = several[0, 1] = tuple(eeg.values())
    scipy.io.savemat(folder / "several.set", {"EEG": several}, appendmat=False, do_compression=True)
    scipy.io.savemat(folder / "study.set", {"STUDY": {"name": "a study of many sets"}}, appendmat=False)
    # Characters marked by MATLAB's class alone, as other programs write them.
    with h5py.File(folder / "class_alone.h5", "w", userblock_size=512) as file:
        root, refs = file.create_group("EEG"), file.create_group("#refs#")
        for key in ["nbchan", "trials", "pnts", "srate"]:
            root.create_dataset(key, data=np.array([[eeg[key]]]))
        root.create_dataset("data", data=data.T)
        labels = root.create_group("chanlocs").create_dataset("labels", (3, 1), dtype=h5py.ref_dtype)
        for at, name in enumerate(["Fp1", "Fp2", "Cz"]):
            text = refs.create_dataset(name, data=np.array([[ord(c)] for c in name], "u2"))
            text.attrs["MATLAB_class"] = np.bytes_("char")
            labels[at, 0] = text.ref
    stored = (folder / "class_alone.h5").read_bytes()
    mark = b"MATLAB 7.3 MAT-file, made by generate.py HDF5 schema 1.00 .".ljust(124) + b"\x00\x02IM"
    (folder / "class_alone.set").write_bytes(mark + stored[128:])
    (folder / "class_alone.h5").unlink()


def main(data):
    made()
    odd()
    files = {}
    for path in sorted([*(data / "formats").rglob("*.vhdr"), *(data / "formats").rglob("*.set"), *MADE.glob("*.vhdr"), *MADE.glob("*.set")]):
        name = f"made/{path.name}" if path.parent == MADE else str(path.relative_to(data))
        if path.suffix == ".vhdr":
            files[name] = of_mne(mne.io.read_raw_brainvision(path))
        elif path.read_bytes()[:10] == b"MATLAB 7.3":
            files[name] = of_hdf5(path)
        elif name.endswith("test_epochs.set"):
            epochs = mne.io.read_epochs_eeglab(path)
            values = np.concatenate(list(epochs.get_data()), axis=1) * 1e6
            rows = [channel(n, "eeg", "µV", v) for n, v in zip(epochs.ch_names, values)]
            files[name] = {"rate": float(epochs.info["sfreq"]), "samples": values.shape[1], "epochs": len(epochs), "channels": rows}
        else:
            files[name] = of_mne(mne.io.read_raw_eeglab(path, preload=True))
    json.dump({"mne": mne.__version__, "files": files}, sys.stdout, indent=None, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
