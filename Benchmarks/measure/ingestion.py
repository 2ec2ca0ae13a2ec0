"""Ingestion: a numeric CSV file of 50 columns, read into a table."""

import json
import subprocess
import sys

from .chart import log_bars
from .context import FOLDER
from .report import Section, middle, spread, table

LIBRARIES = ["pandas", "pandas (pyarrow)", "polars, 1 thread", "polars", "pyarrow, 1 thread",
             "pyarrow"]


def run(context, peaks):
    path = context.scratch / "large.csv"
    context.tell("ingestion, writing a file …")
    subprocess.run([sys.executable, FOLDER / "large_csv.py", path, "0.2"], check=True)
    megabytes = path.stat().st_size / 1e6
    libraries = [] if context.alone else LIBRARIES
    found = {name: [] for name in ["ours, opened", "ours, encoded", *libraries]}
    for _ in range(max(2, context.rounds - 2)):
        for name in found:
            context.tell(f"ingestion, {name} …")
            if name.startswith("ours"):
                kind = "opening" if name == "ours, opened" else "encoding"
                seconds = context.ours("csv", path)[0][kind]
            else:
                line = subprocess.run(
                    [sys.executable, FOLDER / "peers" / "read_csv.py", name, path],
                    stdout=subprocess.PIPE, text=True, check=True).stdout
                seconds = json.loads(line)["seconds"]
            found[name].append(megabytes / seconds)
            context.raw(library=name, megabytesPerSecond=megabytes / seconds)
    ratio = lambda name, values: f"{middle(found[name]) / middle(values):.2f}"
    rows = [[name, spread(values), ratio("ours, opened", values), ratio("ours, encoded", values)]
            for name, values in found.items()]
    text = table(["", "MB a second", "opened over it", "encoded over it"], rows)
    text += (f"\n\nA file of {megabytes:.0f} MB, 50 columns of numbers with 6 decimals and one of text, in "
             f"the page cache: MB (10⁶ bytes) of it a second, the fastest of three readings in a process, "
             f"median [minimum, maximum] over the rounds. Ours runs on one thread and holds no table in "
             f"memory: *opened* is one pass, which reads and checks every number and keeps none; "
             f"*encoded* is that pass and two more, for the statistics and the matrix of inputs that a "
             f"network is trained on. The peers read once and keep columns, unscaled.")
    return Section("ingestion", "Reading CSV", text,
                   [("ingestion.svg", log_bars("Reading CSV", "MB a second", [
                       ("50 columns", {name: middle(v) for name, v in found.items()})]))])
