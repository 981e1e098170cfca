"""Golden values of twinprint-features from SciPy: Welch densities, band powers and log-covariances.

    python make.py > golden.json        (versions: requirements.txt)

The signals are float32 numbers written out in full, so that both sides start from the same bits.
"""

import json

import numpy as np
import scipy.linalg
import scipy.signal

BANDS = [(1, 4), (4, 8), (8, 13), (13, 20), (20, 30), (30, 40)]


def signals(seed, shape):
    rng = np.random.default_rng(seed)
    white = rng.standard_normal(shape)
    mixed = np.einsum("ij,ejt->eit", np.eye(shape[1]) + 0.5 * rng.standard_normal((shape[1],) * 2), white)
    slow = np.cumsum(mixed, axis=-1)
    return (20 * mixed + 3 * slow + 100).astype(np.float32).round(2)


def welch(samples, rate):
    segment = min(int(rate + 0.5), samples.shape[-1])  # half up, as in Rust, not to even
    return scipy.signal.welch(
        samples.astype(float), rate, "hann", nperseg=segment, noverlap=segment // 2, detrend="constant"
    )


def hann(length):
    window = scipy.signal.windows.hann(length, sym=False)
    return [window / np.sqrt(np.mean(window**2))]


def sines(length, count):
    """Riedel and Sidorenko (1995), equation 17, of unit mean square."""
    n = np.arange(1, length + 1)
    return [np.sqrt(2 * length / (length + 1)) * np.sin(np.pi * k * n / (length + 1)) for k in range(1, count + 1)]


def tangent(epoch, rate, shrinkage, windows):
    """The slow way: a Fourier mask, back to time, the covariance there, SciPy's logm."""
    length = epoch.shape[-1]
    centred, frequencies = epoch - epoch.mean(-1, keepdims=True), np.fft.rfftfreq(length, 1 / rate)
    spectra = [np.fft.rfft(centred * window) for window in windows]
    vector = []
    for low, high in BANDS:
        inside = (frequencies >= low) & (frequencies < high)
        bands = [np.fft.irfft(np.where(inside, spectrum, 0), length) for spectrum in spectra]
        covariance = np.mean([band @ band.T / length for band in bands], axis=0)
        size = len(covariance)
        shrunk = (1 - shrinkage) * covariance + shrinkage * np.trace(covariance) / size * np.eye(size)
        logarithm = scipy.linalg.logm(shrunk).real
        rows, columns = np.triu_indices(size)
        vector.append(logarithm[rows, columns] * np.where(rows == columns, 1, np.sqrt(2)))
    return np.concatenate(vector)


def line(x, y, wanted):
    """Least squares over the frequencies wanted; over all where fewer than two are."""
    wanted = wanted if wanted.sum() >= 2 else np.ones_like(wanted)
    return np.polyfit(x[wanted], y[wanted], 1)


def alpha_aligned(density, frequencies):
    """One epoch: what stands above a robust line in the mean log spectrum, its centre of gravity, and spectra moved by it."""
    logs = np.log(density)
    x, mean = np.log(frequencies), logs.mean(0)
    first = line(x, mean, np.ones(len(x), bool))
    above = mean - np.polyval(line(x, mean, mean <= np.polyval(first, x)), x)
    weight = np.where((frequencies >= 7) & (frequencies <= 13), np.maximum(above, 0), 0)
    alpha = (weight * frequencies).sum() / weight.sum() if weight.sum() > 0 else 10.0
    moved = [np.interp(frequencies + alpha - 10, frequencies, channel) for channel in logs]
    return np.append(np.concatenate(moved), alpha)


def case(seed, shape, rate):
    samples = signals(seed, shape)
    frequencies, density = welch(samples, rate)
    wanted = (frequencies >= 1) & (frequencies <= 40)
    bands = [density[..., (frequencies >= a) & (frequencies < b)].mean(-1) for a, b in BANDS]
    return {
        "rate": rate,
        "shape": shape,
        "samples": [float(x) for x in samples.ravel().astype(float).round(2)],
        "log_psd": np.log(density[..., wanted]).reshape(shape[0], -1).round(9).tolist(),
        "band_powers": np.log(np.stack(bands, -1)).reshape(shape[0], -1).round(9).tolist(),
        "alpha_aligned": [alpha_aligned(epoch, frequencies[wanted]).round(9).tolist() for epoch in density[..., wanted]],
        "tangent": [tangent(epoch.astype(float), rate, 0.05, hann(shape[2])).round(9).tolist() for epoch in samples],
        "tangent_6_sines": [tangent(epoch.astype(float), rate, 0.05, sines(shape[2], 6)).round(9).tolist() for epoch in samples],
    }


if __name__ == "__main__":
    cases = [case(1, (2, 3, 256), 128.0), case(2, (1, 2, 251), 100.0), case(3, (1, 2, 90), 100.0), case(4, (1, 1, 400), 160.5)]
    print(json.dumps({"cases": cases}))
