"""Five nearest of 10**4 queries in 10**5 prints of 128 floats, exactly; prints one JSON line per peer."""

import json
import sys
import time

import faiss
import numpy as np
import sklearn
from sklearn.neighbors import NearestNeighbors

prints = int(float(sys.argv[1])) if len(sys.argv) > 1 else 100_000
queries = int(float(sys.argv[2])) if len(sys.argv) > 2 else 10_000
repeats = int(sys.argv[3]) if len(sys.argv) > 3 else 3
dimension, k = 128, 5

generator = np.random.default_rng(2)
index = generator.standard_normal((prints, dimension), dtype=np.float32)
query = generator.standard_normal((queries, dimension), dtype=np.float32)


def scikit_learn():
    return NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=-1).fit(index).kneighbors(query)


def faiss_flat():
    flat = faiss.IndexFlatL2(dimension)
    flat.add(index)
    return flat.search(query, k)


for peer, run in [
    (f"scikit-learn {sklearn.__version__} brute", scikit_learn),
    (f"faiss {faiss.__version__} IndexFlatL2", faiss_flat),
]:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    print(
        json.dumps(
            {
                "name": "knn",
                "peer": peer,
                "seconds": float(np.median(seconds)),
                "best": min(seconds),
                "repeats": repeats,
            }
        ),
        flush=True,
    )
