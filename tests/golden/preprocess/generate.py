"""Writes cases.json and values.npy: what MNE-Python and SciPy make of real recordings.

Each case names a recording, channels, a stretch of it, a [preprocess] table, and windows of the result (edges and middle).
values.npy holds the windows of all cases one after another, channel by channel, float32, in microvolts.

    python generate.py [DATA]        DATA: the folder with eegmat/ and eegmmidb/, default ../../../../shared/data
"""

import json
import sys
from pathlib import Path

import mne
import numpy as np
import scipy
from mne.channels.interpolation import _make_interpolation_matrix
from scipy import signal

from positions import positions

mne.set_log_level("error")
HERE = Path(__file__).resolve().parent
DATA = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "../../../../shared/data"
EEGMAT = ("eegmat/Subject00_1.edf", 500.0)
MMIDB = ("eegmmidb/S001/S001R03.edf", 160.0)


def read(path, channels, first, length):
    raw = mne.io.read_raw_edf(DATA / path, preload=True)
    return raw.get_data(picks=channels)[:, first : first + length] * 1e6


def fir(l_freq, h_freq, **more):
    return lambda x, fs: mne.filter.filter_data(x, fs, l_freq, h_freq, **more)


def notch(freqs, **more):
    return lambda x, fs: mne.filter.notch_filter(x, fs, freqs, **more)


def butter(order, edges, kind):
    def run(x, fs):
        return signal.sosfiltfilt(signal.butter(order, edges, kind, fs=fs, output="sos"), x, axis=-1)

    return run


def resample(sfreq, method="fft"):
    def run(x, fs):
        # The arguments of raw.resample(sfreq) by default.
        npad = {"npad": "auto"} if method == "fft" else {}
        return mne.filter.resample(x, up=sfreq, down=fs, method=method, **npad)

    return run


def average(x, fs):
    return x - x.mean(axis=0)


def interpolate(names, bad):
    all_names, places, _ = positions()
    place = {name.lower(): places[i] for i, name in enumerate(all_names)}

    def run(x, fs):
        key = lambda name: name.replace("EEG ", "").strip(".").lower().replace("t3", "t7").replace("t4", "t8").replace("t5", "p7").replace("t6", "p8")
        good = [i for i, name in enumerate(names) if name not in bad]
        lost = [i for i, name in enumerate(names) if name in bad]
        weights = _make_interpolation_matrix(
            np.array([place[key(names[i])] for i in good]), np.array([place[key(names[i])] for i in lost])
        )
        x = x.copy()
        x[lost] = weights @ x[good]
        return x

    return run


OFF = "filter = false\nresample = false\n"
EEG = ["EEG Fp1", "EEG T3", "EEG O2"]
MM = ["Fc5.", "Cz..", "O1.."]
TEN = ["EEG Fp1", "EEG Fp2", "EEG F3", "EEG F4", "EEG T3", "EEG T4", "EEG C3", "EEG C4", "EEG O1", "EEG O2"]
CASES = [
    ("fir_1_40_eegmat", EEGMAT, EEG, 0, 20000, "resample = false", [fir(1, 40)]),
    ("fir_1_40_eegmmidb", MMIDB, MM, 0, 20000, "resample = false", [fir(1, 40)]),
    ("fir_low_pass_30_eegmat", EEGMAT, EEG, 1000, 9001, "resample = false\nfilter = { l_freq = false, h_freq = 30 }", [fir(None, 30)]),
    ("fir_high_pass_half_eegmmidb", MMIDB, MM, 0, 9001, "resample = false\nfilter = { l_freq = 0.5, h_freq = false }", [fir(0.5, None)]),
    ("fir_own_transitions_eegmat", EEGMAT, EEG, 0, 9000, "resample = false\nfilter = { l_freq = 4, h_freq = 45, l_trans_bandwidth = 1.5, h_trans_bandwidth = 3 }", [fir(4, 45, l_trans_bandwidth=1.5, h_trans_bandwidth=3)]),
    ("fir_up_to_nyquist_eegmmidb", MMIDB, MM, 0, 9000, "resample = false\nfilter = { l_freq = 2, h_freq = 75 }", [fir(2, 75)]),
    ("fir_segment_of_filter_length_eegmat", EEGMAT, EEG, 0, 1651, "resample = false", [fir(1, 40)]),
    ("notch_50_harmonics_eegmat", EEGMAT, EEG, 0, 20000, OFF + "notch = { freq = 50 }", [notch([50, 100, 150, 200])]),
    ("notch_60_eegmmidb", MMIDB, MM, 0, 12000, OFF + "notch = { freq = 60, notch_width = 2, trans_bandwidth = 2 }", [notch([60], notch_widths=2, trans_bandwidth=2)]),
    ("butterworth_band_4_eegmat", EEGMAT, EEG, 0, 20000, 'resample = false\nfilter = { method = "butterworth" }', [butter(4, [1, 40], "bandpass")]),
    ("butterworth_band_3_eegmmidb", MMIDB, MM, 0, 9000, 'resample = false\nfilter = { method = "butterworth", order = 3, l_freq = 0.3, h_freq = 70 }', [butter(3, [0.3, 70], "bandpass")]),
    ("butterworth_low_5_eegmat", EEGMAT, EEG, 0, 9000, 'resample = false\nfilter = { method = "butterworth", order = 5, l_freq = false }', [butter(5, 40, "lowpass")]),
    ("butterworth_high_2_eegmmidb", MMIDB, MM, 0, 9000, 'resample = false\nfilter = { method = "butterworth", order = 2, h_freq = false }', [butter(2, 1, "highpass")]),
    ("resample_128_eegmat", EEGMAT, EEG, 0, 20000, "filter = false", [resample(128)]),
    ("resample_128_odd_length_eegmmidb", MMIDB, MM, 0, 12345, "filter = false", [resample(128)]),
    ("resample_up_256_eegmmidb", MMIDB, MM, 0, 9001, "filter = false\nresample = { sfreq = 256 }", [resample(256)]),
    ("resample_short_eegmat", EEGMAT, EEG, 0, 300, "filter = false\nresample = { sfreq = 100 }", [resample(100)]),
    ("resample_polyphase_128_eegmat", EEGMAT, EEG, 0, 20000, 'filter = false\nresample = { method = "polyphase" }', [resample(128, "polyphase")]),
    ("resample_polyphase_up_200_eegmmidb", MMIDB, MM, 0, 9000, 'filter = false\nresample = { sfreq = 200, method = "polyphase" }', [resample(200, "polyphase")]),
    ("fir_then_128_whole_eegmat", EEGMAT, EEG, 0, 91000, "", [fir(1, 40), resample(128)]),
    ("fir_then_128_task_eegmat", ("eegmat/Subject01_2.edf", 500.0), EEG, 0, 31000, "", [fir(1, 40), resample(128)]),
    ("fir_then_128_eegmmidb", MMIDB, MM, 0, 20000, "", [fir(1, 40), resample(128)]),
    ("notch_fir_128_eegmat", EEGMAT, EEG, 0, 30000, "notch = { freq = 50 }", [notch([50, 100, 150, 200]), fir(1, 40), resample(128)]),
    ("butterworth_then_128_eegmat", EEGMAT, EEG, 0, 20000, 'filter = { method = "butterworth" }', [butter(4, [1, 40], "bandpass"), resample(128)]),
    ("average_reference_first_eegmat", EEGMAT, TEN, 0, 10000, 'reference = "average"', [average, fir(1, 40), resample(128)]),
    ("two_interpolated_first_eegmat", EEGMAT, TEN, 0, 10000, 'reference = "average"', [interpolate(TEN, ["EEG F4", "EEG O1"]), average, fir(1, 40), resample(128)]),
]
BAD = {"two_interpolated_first_eegmat": ["EEG F4", "EEG O1"]}
WINDOW = 160


def main():
    cases, values = [], []
    for name, (path, rate), channels, first, length, plan, steps in CASES:
        x = read(path, channels, first, length)
        fs = rate
        for step in steps:
            y = step(x, fs)
            if y.shape[1] != x.shape[1]:
                fs = rate * y.shape[1] / x.shape[1]
            x = y
        n = x.shape[1]
        starts = [0, n // 3, 2 * n // 3, n - WINDOW] if n >= 4 * WINDOW else [0]
        size = WINDOW if n >= 4 * WINDOW else n
        cases.append(
            dict(name=name, file=path, rate=rate, channels=channels, bad=BAD.get(name, []), first=first, length=length,
                 plan=plan, samples=n, starts=starts, window=size, rms=np.sqrt((x**2).mean(axis=1)).tolist())
        )
        values += [x[c, s : s + size] for c in range(len(channels)) for s in starts]
    versions = dict(mne=mne.__version__, numpy=np.__version__, scipy=scipy.__version__)
    (HERE / "cases.json").write_text(json.dumps(dict(versions=versions, cases=cases), indent=1) + "\n")
    np.save(HERE / "values.npy", np.concatenate(values).astype("<f4"))


if __name__ == "__main__":
    main()
