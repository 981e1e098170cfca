"""The five nearest of 10**4 queries in 10**5 prints of 128 floats, exactly: `python knn.py faiss|scikit-learn`."""

import sys

import numpy as np

from turns import serve, timed

PRINTS, QUERIES, DIMENSION, NEAREST = 100_000, 10_000, 128, 5

generator = np.random.default_rng(2)
prints = generator.standard_normal((PRINTS, DIMENSION), dtype=np.float32)
queries = generator.standard_normal((QUERIES, DIMENSION), dtype=np.float32)

if sys.argv[1] == "faiss":
    import faiss

    label = f"faiss {faiss.__version__} IndexFlatL2"

    def search():
        flat = faiss.IndexFlatL2(DIMENSION)
        flat.add(prints)
        return flat.search(queries, NEAREST)

else:
    import sklearn
    from sklearn.neighbors import NearestNeighbors

    label = f"scikit-learn {sklearn.__version__} brute"

    def search():
        return NearestNeighbors(n_neighbors=NEAREST, algorithm="brute", n_jobs=-1).fit(prints).kneighbors(queries)


serve(label, {"knn": timed(search)})
