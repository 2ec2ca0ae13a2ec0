"""The fastest of three passes over a CSV file: read_csv.py LIBRARY FILE, prints {"seconds": 0.31}."""

import json
import os
import sys
import time

library, path = sys.argv[1:]
if library == "polars, 1 thread":
    os.environ["POLARS_MAX_THREADS"] = "1"

if library.startswith("pandas"):
    import pandas

    engine = "pyarrow" if "pyarrow" in library else "c"
    read = lambda: pandas.read_csv(path, engine=engine)
elif library.startswith("polars"):
    import polars

    read = lambda: polars.read_csv(path)
else:
    import pyarrow.csv

    options = pyarrow.csv.ReadOptions(use_threads="thread" not in library)
    read = lambda: pyarrow.csv.read_csv(path, options)

times = []
for _ in range(3):
    start = time.perf_counter()
    read()
    times.append(time.perf_counter() - start)
print(json.dumps({"seconds": min(times)}))
