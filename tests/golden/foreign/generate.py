"""Parquet files with columns of many types, as pandas and pyarrow users have them, for crates/foreign.

    python generate.py

Written with pyarrow 26, numpy 2.4 and h5py 3.16. `carried.parquet` has types that are read or mean nothing as numbers, each other
parquet file one column of another type. `many.parquet` has several row groups, nulls and nested types. The HDF5 files hold features in half
precision, chunked and compressed, and whole numbers as ids; matrices as MATLAB leaves them; records; text of both kinds.
"""

import datetime
from decimal import Decimal
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
PEOPLE = ["ann", "ann", "bob", "ann", "ann", "bob", "bob"]
N = len(PEOPLE)
rng = np.random.default_rng(1)


def write(name, **columns):
    session = columns.pop("session", pa.array([1, 1, 1, 2, 2, 2, 2], pa.int64()))
    pq.write_table(pa.table({"subject": PEOPLE, "session": session, **columns}), HERE / f"{name}.parquet")


values = rng.standard_normal((N, 2)).astype("f4")
write(
    "carried",
    embedding=pa.array([list(row) for row in values], pa.list_(pa.float32())),
    flag=pa.array([True, False, True, False, True, True, False]),
    x=rng.standard_normal(N),
    count=pa.array([3, 1, 4, 1, 5, 9, 2], pa.int32()),
    category=pa.array(["a", "b", "a", "b", "a", "b", "a"]).dictionary_encode(),
    long_text=pa.array(["u"] * N, pa.large_string()),
    timestamp=pa.array([datetime.datetime(2020, 1, 1 + i) for i in range(N)]),
    date=pa.array([datetime.date(2020, 1, 1 + i) for i in range(N)]),
    bytes=pa.array([b"x"] * N),
    struct=pa.array([{"a": 1}] * N),
)
write("int8", int8=pa.array([3, 1, 4, 1, 5, 9, 2], pa.int8()))
write("uint16", uint16=pa.array([3, 1, 4, 1, 5, 9, 2], pa.uint16()))
write("half", half=pa.array(rng.standard_normal(N).astype("f2")))
write("decimal", decimal=pa.array([Decimal(f"{i}.25") for i in [3, 1, 4, 1, 5, 9, 2]]))
write("fixed", fixed=pa.array([list(row) for row in values], pa.list_(pa.float32(), 2)))
write("session", session=pa.array([1, 1, 1, 2, 2, 2, 2], pa.int8()), x=rng.standard_normal(N))

write(
    "more",
    large=pa.array([list(row) for row in values], pa.large_list(pa.float64())),
    short=pa.array([[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11, 12], [13, 14]], pa.list_(pa.int8(), 2)),
    halves=pa.array([[0.5, np.float16(i)] for i in range(N)], pa.list_(pa.float16())),
    cents=pa.array([Decimal(i) for i in [300, 100, 400, 100, 500, 900, 200]], pa.decimal128(10, 0)),
    grade=pa.array([2, 1, 2, 1, 1, 2, 2], pa.int16()).dictionary_encode(),
    wide=pa.array([Decimal(i) for i in range(N)], pa.decimal256(50, 0)),
    words=pa.array([["a"], ["b"]] * 3 + [["a"]]),
    nested=pa.array([[[1.0]]] * N),
    pairs=pa.array([[("a", 1)]] * N, pa.map_(pa.string(), pa.int64())),
    nothing=pa.nulls(N),
    length=pa.array([datetime.timedelta(seconds=i) for i in range(N)]),
    clock=pa.array([datetime.time(1, i) for i in range(N)]),
)
table = pa.table({
    "subject": pa.array([2**60 + 1, 2**60 + 1, 2**60 + 2, 2**60 + 1, 2**60 + 1, 2**60 + 2, 2**60 + 2], pa.uint64()),
    "session": pa.array(list("1112222")).dictionary_encode(), "x": pa.array(rng.standard_normal(N).astype("f2")),
})
pq.write_table(table, HERE / "groups.parquet", row_group_size=2)
scores = pa.table({
    "enrol_subject": pa.array([1, 1, 2, 2] * 3, pa.int8()), "probe_subject": pa.array([1, 2, 1, 2] * 3, pa.uint16()),
    "score": pa.array([0.75, 0.25, 0.125, 0.5] * 3, pa.float16()),
})
pq.write_table(scores, HERE / "scores.parquet", row_group_size=5)


def hdf5(name, features, subject, **more):
    with h5py.File(HERE / f"{name}.h5", "w") as file:
        kind = {"chunks": (2, 2), "compression": "gzip", "shuffle": True} if name == "packed" else {}
        file.create_dataset("features", data=features, **kind)
        file["meta/subject"] = subject
        file["meta/session"] = np.array([1, 1, 1, 2, 2, 2, 2])
        for key, column in more.items():
            file[f"meta/{key}"] = column


numbers = np.array([1, 1, 2, 1, 1, 2, 2])
hdf5("packed", values.astype("f2"), numbers.astype("u2"))
hdf5("whole", (values * 100).astype("i2"), np.array(PEOPLE, "S5"))
hdf5("matlab", values.T, numbers.astype("f8").astype("i4").reshape(1, N))
hdf5("matlab_column", values, numbers.astype("i4").reshape(1, N), recording=np.array(PEOPLE, h5py.string_dtype()))
records = np.array([tuple(row) for row in values], dtype=[("x", "f4"), ("y", "f4")])
hdf5("records", records, np.array(PEOPLE, "S5"))
