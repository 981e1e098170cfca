"""Makes fuzz/corpus: a few small sound files for each target, from nothing. No recording is copied.

    python fuzz/make_corpus.py        (wants scipy for the .set files; galleries and models are not made here)
"""

import io
import json
import struct
from pathlib import Path

import numpy
from scipy.io import savemat

CORPUS = Path(__file__).parent / "corpus"
PART = b"\n---8<---\n"


def put(target: str, name: str, content: bytes | str) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def edf(signals, records, *, reserved="", bdf=False, lists=()):
    """A file of signals (label, unit, samples a record); the last is of annotations where `lists` has one a record."""
    width = 3 if bdf else 2
    if lists:
        length = -(-max(map(len, lists)) // width)
        signals = [*signals, ("BDF Annotations" if bdf else "EDF Annotations", "", length)]
    field = lambda text, size: str(text).ljust(size).encode()
    version = b"\xffBIOSEMI" if bdf else field("0", 8)
    header = version + field("X X X X", 80) + field("Startdate X X X X", 80)
    header += field("01.01.20", 8) + field("10.00.00", 8) + field(256 * (1 + len(signals)), 8)
    header += field(reserved, 44) + field(records, 8) + field(1, 8) + field(len(signals), 4)
    low, high = (-8388608, 8388607) if bdf else (-32768, 32767)
    columns = [
        ([label for label, _, _ in signals], 16),
        (["" for _ in signals], 80),
        ([unit for _, unit, _ in signals], 8),
        ([-100 for _ in signals], 8),
        ([100 for _ in signals], 8),
        ([low for _ in signals], 8),
        ([high for _ in signals], 8),
        (["" for _ in signals], 80),
        ([count for _, _, count in signals], 8),
        (["" for _ in signals], 32),
    ]
    for values, size in columns:
        header += b"".join(field(value, size) for value in values)
    body = b""
    for record in range(records):
        for label, _, count in signals:
            if "Annotations" in label:
                body += lists[record].ljust(count * width, b"\0")
            else:
                for sample in range(count):
                    value = (record * count + sample) * 37 % 401 - 200
                    body += value.to_bytes(width, "little", signed=True)
    return header + body


LISTS = [b"+0\x14\x14\0+0.5\x151\x14one\x14\0", b"+1\x14\x14\0+1.25\x14two\x14three\x14\0"]
put("edf", "plain.edf", edf([("EEG Cz", "uV", 5), ("Pz", "mV", 3)], 3))
put("edf", "plus.edf", edf([("EEG Fp1-A2", "uV", 4)], 2, reserved="EDF+C", lists=LISTS))
put("edf", "gaps.edf", edf([("Cz", "uV", 4)], 2, reserved="EDF+D", lists=[LISTS[0], b"+5.5\x14\x14\0"]))
put("edf", "bdf.bdf", edf([("Cz", "uV", 4)], 2, reserved="24BIT", bdf=True))
put("edf", "plus.bdf", edf([("Cz", "uV", 4)], 2, reserved="BDF+C", bdf=True, lists=LISTS))
put("annotations", "one", b"+0\x14\x14\0+0.5\x151\x14one\x14\0")
put("annotations", "many", b"-1.5\x14\x14\0+2\x14two\x14three\x14\0+3\x15.25\x14\xc3\xa9\x14\0\0\0")
put("annotations", "bare", b"+0\x14\x14\0")

VHDR = """Brain Vision Data Exchange Header File Version 1.0
[Common Infos]
Codepage=UTF-8
DataFile=a.eeg
MarkerFile=a.vmrk
DataFormat=BINARY
DataOrientation={orientation}
NumberOfChannels=2
SamplingInterval=4000
[Binary Infos]
BinaryFormat={kind}
[Channel Infos]
Ch1=Cz,,0.5,µV
Ch2=EOG\\1v,,0.1,mV
"""
VMRK = """Brain Vision Data Exchange Marker File, Version 1.0
[Common Infos]
Codepage=UTF-8
DataFile=a.eeg
[Marker Infos]
Mk1=New Segment,,1,1,0,20240131101112000000
Mk2=Stimulus,S  1,2,1,0
Mk3=Comment,a\\1b,3,2,1
"""
SAMPLES = [2, 10, -4, 20, 6, 30, 7, 8]
for name, orientation, kind, code in [
    ("int16", "MULTIPLEXED", "INT_16", "<8h"),
    ("float", "VECTORIZED", "IEEE_FLOAT_32", "<8f"),
]:
    head = VHDR.format(orientation=orientation, kind=kind).encode()
    put("brainvision", name, PART.join([head, struct.pack(code, *SAMPLES), VMRK.encode()]))
put("brainvision", "header-alone", VHDR.format(orientation="MULTIPLEXED", kind="INT_16"))

locations = numpy.array([("Cz", 0.0), ("Pz", 180.0)], dtype=[("labels", object), ("theta", object)])
events = numpy.array([("stim", 2.0, 1.0)], dtype=[("type", object), ("latency", object), ("duration", object)])
for name, data in [("inside", numpy.arange(16, dtype="f4").reshape(2, 8)), ("apart", "a.fdt")]:
    EEG = {"srate": 128.0, "nbchan": 2.0, "pnts": 8.0, "trials": 1.0, "xmin": 0.0, "data": data, "chanlocs": locations, "event": events}
    file = io.BytesIO()
    savemat(file, {"EEG": EEG})
    part = PART + struct.pack("<16f", *range(16)) if name == "apart" else b""
    put("eeglab", name, file.getvalue() + part)
file = io.BytesIO()
savemat(file, {"srate": 128.0, "nbchan": 2.0, "pnts": 8.0, "data": numpy.ones((2, 8)), "chanlocs": locations}, do_compression=True)
put("eeglab", "compressed", file.getvalue())

rows = "".join(f"{n % 256}, {n * 0.5}, {n * -0.25}, 0.25, {1608805800 + n / 250:.6f}, 0.0, 2020-12-24 10:30:00.000\n" for n in range(8))
put("text", "openbci", "%OpenBCI Raw EXG Data\n%Number of channels = 2\n%Sample Rate = 250 Hz\n%Board = OpenBCI_GUI$BoardCytonSerial\nSample Index, EXG Channel 0, EXG Channel 1, Accel Channel 0, Timestamp, Marker Channel, Timestamp (Formatted)\n" + rows)
rows = "".join(f"{1608805800 + n / 256:.6f},{n}.5,{n},-{n},1,0,0\n" for n in range(8))
put("text", "muselsl", "timestamps,TP9,AF7,AF8,TP10,Right AUX,Marker0\n" + rows)
rows = "".join(f"2020-12-24 10:30:00.{n * 4:03},0.5,{n},{n}.5,-1,2,3,0.01,88,\n" for n in range(8))
put("text", "mind-monitor", "TimeStamp,Delta_TP9,RAW_TP9,RAW_AF7,RAW_AF8,RAW_TP10,AUX_RIGHT,Accelerometer_X,Battery,Elements\n" + rows)
rows = "".join(f"{1608805800.1 + n / 128:.6f},{n}.0,0.0,42{n:02}.5,4100,1,80,0,,3,0.1\n" for n in range(8))
put("text", "emotiv", "title:a title, start timestamp:1608805800.100000, stop timestamp:1608805810.1, headset type:EPOCPLUS, headset serial:D2020, channels:55, sampling rate:eeg_128;mot_64, samples:8, version:2.0\nTimestamp,EEG.Counter,EEG.Interpolated,EEG.AF3,EEG.T7,EEG.RawCq,EEG.Battery,EEG.MarkerHardware,MarkerValueInt,CQ.AF3,MOT.AccX\n" + rows)

put("bids", "whole", PART.join([
    b"participant_id\tage\tsex\nsub-01\t31\tF\n",
    b"filename\tacq_time\neeg/sub-01_task-rest_eeg.edf\t2024-01-31T10:11:12\n",
    b"name\ttype\tunits\tstatus\nCz\tEEG\tuV\tgood\nPz\tEEG\tuV\tbad\n",
    b"onset\tduration\ttrial_type\n0.5\t1\tgo\n2.0\tn/a\tstop\n",
    json.dumps({"TaskName": "rest", "SamplingFrequency": 128, "PowerLineFrequency": 50}).encode(),
    json.dumps({"Name": "made up", "BIDSVersion": "1.9.0"}).encode(),
]))
put("bids", "people-alone", "participant_id\nsub-01\n")
put("manifest", "small", """name = "made-up"
title = "Made up"
homepage = "https://example.org"
licence = "CC0-1.0"
citation = ["Nobody (2024)"]
sources = ["https://example.org/files"]
line_frequency = 50.0
other_channels = ["ECG"]
families = [{ path = "S{1}/S{1}R{2}.edf", ranges = [["001", "003"], ["01", "02"]] }]
files = [{ path = "a_1.edf", bytes = 707 }, { path = "b_1.edf" }]
layout = { kind = "pattern", pattern = "{subject}_{recording}.edf" }
""")
put("pipeline", "small", """name = "small"
seed = 7
[dataset]
root = "cohort"
[preprocess]
filter = { l_freq = 1.0, h_freq = 40.0 }
epochs = { duration = 1.0, overlap = 0.0 }
[protocol]
folds = 2
enrol = { recordings = ["ses-1"], seconds = 10.0 }
probe = { recordings = ["ses-2"], seconds = [1.0, 5.0] }
[encoder.optimiser]
steps = 10
[[sweep]]
name = "seconds"
key = "protocol.enrol.seconds"
values = [5.0]
""")
put("scores", "small", "enrol_subject,probe_subject,score\n" + "".join(
    f"p{n % 3},p{n // 3 % 3},{n * 7 % 11}\n" for n in range(18)))
put("scores", "four-columns", "a a target 0.9\na b nontarget 0.1\nb b target 0.8\nb a nontarget 0.3\n")
put("features", "small", "subject,session,recording,x,y\n" + "".join(
    f"p{n % 3},s{n // 3 % 2},r1,{n * 7 % 11}.5,{n * 5 % 13}\n" for n in range(12)))
