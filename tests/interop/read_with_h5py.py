"""Opens files of epochs, prints and features with h5py and checks what is in them.

    python read_with_h5py.py FOLDER

FOLDER holds epochs.h5, prints.h5 and features.h5 as written by the test `h5py_reads_what_was_written` of the store crate, and
expected.json with what must be found. Prints one line a check and ends with status 1 at the first that fails.
Versions: requirements.txt beside this file.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np


def check(what, found, expected):
    same = np.array_equal(found, expected) if isinstance(found, np.ndarray) else found == expected
    if not same:
        print(f"FAILED {what}: found {found!r}, expected {expected!r}")
        sys.exit(1)
    print(f"ok {what}")


def text(file, name):
    return list(file[name].asstr()[:])


def check_values(name, dataset, expected):
    check(f"{name}: type", dataset.dtype, np.dtype("<f4"))
    check(f"{name}: shape", list(dataset.shape), expected["shape"])
    check(f"{name}: bits", dataset[:].view("<u4").ravel().tolist(), expected["bits"])


def check_meta(name, file, expected):
    for column in ("subject", "session", "recording"):
        check(f"{name}: /meta/{column}", text(file, f"meta/{column}"), expected[column])
    check(f"{name}: /meta/start_second", file["meta/start_second"][:].tolist(), expected["start_second"])
    check(f"{name}: unit of start_second", file["meta/start_second"].attrs["units"], "s")
    check(f"{name}: label columns", sorted(file["meta/labels"]), sorted(expected["labels"]))
    for label, values in expected["labels"].items():
        check(f"{name}: label {label}", text(file, f"meta/labels/{label}"), values)
    if "fold" in expected:
        check(f"{name}: /meta/fold", file["meta/fold"][:].tolist(), expected["fold"])
        check(f"{name}: /meta/role", text(file, "meta/role"), expected["role"])


def check_top(name, file, expected):
    for attribute, value in expected.items():
        found = file.attrs[attribute]
        check(f"{name}: attribute {attribute} is str", type(found), str)
        check(f"{name}: attribute {attribute}", found, value)
    check(f"{name}: README explains", "/meta" in file.attrs["README"], True)


def check_scale(name, dataset, axis, label, scale, values):
    dimension = dataset.dims[axis]
    check(f"{name}: axis {axis} label", dimension.label, label)
    if scale is None:
        check(f"{name}: axis {axis} has no scale", len(dimension), 0)
        return
    check(f"{name}: axis {axis} scale", list(dimension.keys()), [scale])
    attached = dimension[0]
    check(f"{name}: axis {axis} is a scale", attached.is_scale, True)
    found = attached.asstr()[:].tolist() if attached.dtype.kind in "SO" else attached[:].tolist()
    check(f"{name}: axis {axis} values", found, values)


def main(folder):
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    with h5py.File(folder / "epochs.h5") as file:
        epochs, want = file["epochs"], expected["epochs"]
        check_values("epochs", epochs, want["values"])
        check("epochs: contiguous", (epochs.chunks, epochs.compression), (None, None))
        check("epochs: mapped address is that of a page", epochs.id.get_offset() % 4096, 0)
        check("epochs: units", epochs.attrs["units"], "µV")
        check("epochs: sfreq", float(epochs.attrs["sfreq"]), want["sfreq"])
        check("epochs: ch_names", list(epochs.attrs["ch_names"]), want["ch_names"])
        check_scale("epochs", epochs, 0, "epoch", None, None)
        check_scale("epochs", epochs, 1, "channel", "channel", want["ch_names"])
        times = [sample / want["sfreq"] for sample in range(want["values"]["shape"][2])]
        check_scale("epochs", epochs, 2, "time", "time", times)
        check_meta("epochs", file, expected["meta"]["epochs"])
        check_top("epochs", file, expected["attributes"])
    with h5py.File(folder / "prints.h5") as file:
        check_values("prints", file["prints"], expected["prints"])
        check("prints: contiguous", file["prints"].chunks, None)
        check_meta("prints", file, expected["meta"]["rows"])
        check_top("prints", file, expected["attributes"])
    with h5py.File(folder / "features.h5") as file:
        check_values("features", file["features"], expected["features"]["values"])
        check("features: compressed", file["features"].compression, "gzip")
        check_scale("features", file["features"], 1, "column", "features_column", expected["features"]["columns"])
        check_meta("features", file, expected["meta"]["rows"])
        check_top("features", file, expected["attributes"])
    print(f"h5py {h5py.version.version} on HDF5 {h5py.version.hdf5_version}: all checks passed")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
