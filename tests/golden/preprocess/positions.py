"""Writes crates/signal/src/positions.tsv: the 10-5 positions on a unit sphere.

MNE-Python's `standard_1005` template in head coordinates; the origin is the sphere MNE-Python fits to all of its
electrodes, and each position is the direction from there, which is what `interpolate_bads` computes with.

    python positions.py > ../../../crates/signal/src/positions.tsv
"""

import mne
import numpy as np

mne.set_log_level("error")

# Old names of positions that ChannelName maps to the new ones, and ear lobes twice named.
SKIP = {"T3", "T4", "T5", "T6"}


def positions():
    montage = mne.channels.make_standard_montage("standard_1005")
    names = [n for n in montage.ch_names if n not in SKIP]
    info = mne.create_info(names, 100.0, "eeg")
    info.set_montage(montage)
    origin = mne.bem.fit_sphere_to_headshape(info, dig_kinds="eeg", units="m")[1]
    places = np.array([c["loc"][:3] for c in info["chs"]]) - origin
    return names, places / np.linalg.norm(places, axis=1, keepdims=True), origin


def main():
    names, places, origin = positions()
    print("name", "right", "front", "top", sep="\t")
    for name, place in sorted(zip((n.lower() for n in names), places.tolist())):
        print(name, *(f"{axis:.9f}" for axis in place), sep="\t")


if __name__ == "__main__":
    main()
