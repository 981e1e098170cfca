"""Parquet files with columns of many types, as pandas and pyarrow users have them, for crates/foreign.

    python generate.py

Written with pyarrow 26 and numpy 2.4: `carried.parquet` has types that are read or mean nothing as numbers; each other file has one
column of a type that is not read.
"""

import datetime
from decimal import Decimal
from pathlib import Path

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
