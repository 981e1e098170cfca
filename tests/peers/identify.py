"""The five best of 10**6 templates of 128 floats for each probe, exactly, with faiss's flat index: `python identify.py PROBES`."""

import sys

import faiss
import numpy as np

from turns import serve, timed

TEMPLATES, DIMENSION, BEST = 1_000_000, 128, 5

generator = np.random.default_rng(3)
probes = generator.standard_normal((int(sys.argv[1]), DIMENSION), dtype=np.float32)
faiss.normalize_L2(probes)
index = faiss.IndexFlatIP(DIMENSION)
for _ in range(10):
    templates = generator.standard_normal((TEMPLATES // 10, DIMENSION), dtype=np.float32)
    faiss.normalize_L2(templates)
    index.add(templates)

serve(f"faiss {faiss.__version__} IndexFlatIP", {"identify": timed(lambda: index.search(probes, BEST))})
