"""Opens an exported HDF5 file with h5py, scikit-learn and MNE-Python, and its parquet and CSV twins with pandas and pyarrow.

    twinprint export RUN --to FOLDER/features.h5 --with band-powers,log-psd,epochs
    twinprint export RUN --to FOLDER/features.parquet --with band-powers,log-psd
    twinprint export RUN --to FOLDER/features.csv --with band-powers,log-psd
    python features_elsewhere.py RUN FOLDER

Checks that the same k-NN accuracy comes out as in results.json, that an EpochsArray can be made, and that all three files hold the
same rows. Ends with status 1 at the first failure.
Versions: requirements.txt beside this file.
"""

import json
import sys
from pathlib import Path

import h5py
import mne
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from sklearn.neighbors import KNeighborsClassifier

mne.set_log_level("ERROR")


def text(file, name):
    return file[name].asstr()[:]


def knn_accuracy(prints, meta, split):
    """Learnt from the enrolment recordings of the people tested, asked on their probe recordings, fold by fold."""
    right = total = 0
    keys = list(zip(meta["subject"], meta["session"], meta["recording"]))
    for fold in split["folds"]:
        def rows(side):
            wanted = {(k["subject"], k["session"], k["recording"]) for k in fold["recordings"][side]}
            return np.array([meta["fold"][i] == fold["index"] and keys[i] in wanted for i in range(len(keys))])
        train, test = rows("test_enrol"), rows("test_probe")
        model = KNeighborsClassifier(n_neighbors=min(5, train.sum()), metric="cosine", algorithm="brute")
        model.fit(prints[train], np.array(meta["subject"])[train])
        right += (model.predict(prints[test]) == np.array(meta["subject"])[test]).sum()
        total += test.sum()
    return right / total


def check_hdf5(path, run):
    with h5py.File(path) as file:
        assert isinstance(file.attrs["README"], str) and "One row an epoch" in file.attrs["README"]
        assert file.attrs["schema"] == "twinprint-export/1"
        for name in ("plan_hash", "encoder_hash", "twinprint_version", "rate_hz", "channels"):
            assert file.attrs[name], name
        prints, epochs = file["prints"], file["epochs"]
        meta = {k: text(file, f"meta/{k}") for k in ("subject", "session", "recording", "role")}
        meta["fold"] = file["meta/fold"][:]
        n = len(prints)
        assert epochs.chunks and epochs.compression == "gzip" and epochs.shape[0] == n == len(meta["subject"])
        assert file["meta/start_second"].attrs["units"] == "s" and epochs.attrs["units"] == "µV"
        assert file["log_psd"].attrs["units"] == file["band_powers"].attrs["units"] == "ln(µV²/Hz)"
        assert [d.label for d in epochs.dims] == ["row", "channel", "time"]
        channels = list(epochs.dims[1][0].asstr()[:])
        assert channels == list(epochs.attrs["ch_names"]) == file.attrs["channels"].split()
        columns = list(file["band_powers"].dims[1][0].asstr()[:])
        assert columns[0] == f"band_power:{channels[0]}:1-4Hz", columns[0]
        sfreq = float(epochs.attrs["sfreq"])

        # The same accuracy as in the run's own results.
        results = json.loads((run / "results.json").read_text())
        row = next(r for r in results["classifiers"]
                   if (r["system"], r["classifier"], r["label"]) == ("encoder", "knn", "subject"))
        own, here = row["accuracy"]["value"], knn_accuracy(prints[:], meta, json.loads((run / "split.json").read_text()))
        print(f"k-NN accuracy: twinprint {own:.4f}, scikit-learn {here:.4f}")
        # Of neighbours with equally many votes scikit-learn takes the first by name, twinprint the nearest.
        assert abs(own - here) <= 0.02, "k-NN accuracies differ"

        # MNE-Python.
        info = mne.create_info(channels, sfreq, "eeg")
        metadata = pd.DataFrame({"subject": meta["subject"], "session": meta["session"]})
        array = mne.EpochsArray(epochs[:] * 1e-6, info, metadata=metadata, tmin=0.0)
        assert len(array) == n and array.get_data().shape == epochs.shape
        assert len(array[f"subject == '{meta['subject'][0]}'"]) == (meta["subject"] == meta["subject"][0]).sum()

        return {"prints": prints[:], "meta": meta, "band_powers": file["band_powers"][:],
                "columns": columns, "dim": prints.shape[1]}


def check_table(name, frame, hdf5):
    assert list(frame["subject"]) == list(hdf5["meta"]["subject"]), f"{name}: subjects"
    assert list(frame["fold"]) == list(hdf5["meta"]["fold"]), f"{name}: folds"
    prints = frame[[f"print_{k}" for k in range(hdf5["dim"])]].to_numpy(np.float32)
    np.testing.assert_allclose(prints, hdf5["prints"], rtol=1e-6, err_msg=f"{name}: prints")
    powers = frame[hdf5["columns"]].to_numpy(np.float32)
    np.testing.assert_allclose(powers, hdf5["band_powers"], rtol=1e-6, err_msg=f"{name}: band powers")


def main(run, folder):
    hdf5 = check_hdf5(folder / "features.h5", run)
    check_table("parquet", pd.read_parquet(folder / "features.parquet"), hdf5)
    metadata = pq.read_metadata(folder / "features.parquet").metadata
    assert b"README" in metadata and b"plan_hash" in metadata, "parquet: file metadata"
    csv = pd.read_csv(folder / "features.csv", dtype={"subject": str, "session": str, "recording": str})
    check_table("CSV", csv, hdf5)
    assert "README" in json.loads((folder / "features.csv.json").read_text())
    print(f"{len(csv)} rows alike in HDF5, parquet and CSV")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
