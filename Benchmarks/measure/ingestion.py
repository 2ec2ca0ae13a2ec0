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
    found = {name: [] for name in ["ours", *libraries]}
    for _ in range(max(2, context.rounds - 2)):
        for name in found:
            context.tell(f"ingestion, {name} …")
            if name == "ours":
                seconds = context.ours("csv", path)[0]["seconds"]
            else:
                line = subprocess.run(
                    [sys.executable, FOLDER / "peers" / "read_csv.py", name, path],
                    stdout=subprocess.PIPE, text=True, check=True).stdout
                seconds = json.loads(line)["seconds"]
            found[name].append(megabytes / seconds)
            context.raw(library=name, megabytesPerSecond=megabytes / seconds)
    rows = [[name + (", 1 thread" if name == "ours" else ""), spread(values),
             f"{middle(found['ours']) / middle(values):.2f}"] for name, values in found.items()]
    text = table(["", "MB a second", "ours over it"], rows)
    text += (f"\n\nA file of {megabytes:.0f} MB, 50 columns of numbers with 6 decimals and one of text, in "
             f"the page cache, read into a table: MB (10⁶ bytes) a second, the fastest of three passes "
             f"in a process, median [minimum, maximum] over the rounds.")
    return Section("ingestion", "Reading CSV", text,
                   [("ingestion.svg", log_bars("Reading CSV", "MB a second", [
                       ("50 columns", {name: middle(v) for name, v in found.items()})]))])
