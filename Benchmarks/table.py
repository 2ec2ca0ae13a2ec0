"""Our speed beside the peers', in one table, measured in turns.

    python Benchmarks/table.py [--quick] [--workloads W1,W4] [--raw FILE.jsonl] [--alone]

One round measures every cell of a workload once, ours and the peers' in turn; a cell's figure is the
median over the rounds, so that a machine that is busy for a moment slows both. Ours is
`backprop-bench`, an executable of this package:

    backprop-bench --workload W1 --threads 2 --seconds 0.8

prints {"workload":"W1","threads":2,"samplesPerSecond":…} on one line. `fma-peak`, beside it, finds
what the processor's multiply-add units reach, before and after. --alone leaves the peers out (and
needs no Python package).
"""

import argparse
import itertools
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
WORKLOADS = json.loads((FOLDER / "workloads.json").read_text())
THREADS = [1, 2]


def ours(command, *options):
    """The JSON lines that our benchmark prints."""
    result = subprocess.run([command, *map(str, options)], stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {command} {' '.join(map(str, options))} failed")
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def peak(folder, threads):
    """GFLOP/s of fused multiply-adds in float32."""
    return ours(folder / "fma-peak", threads, 0.4)[0]["gigaflops"]


def flops(workload):
    """What one sample's training step needs: 4 KN + 2 KN a layer, the first without passing down."""
    pairs = list(itertools.pairwise(workload["sizes"]))
    products = [i * o for i, o in pairs]
    return 6 * sum(products) - 2 * products[0]


def short(sizes):
    """784–128–10; runs of one width as 32 × 256."""
    groups = [(n, len(list(run))) for n, run in itertools.groupby(sizes)]
    return "–".join(f"{count} × {n}" if count > 4 else "–".join([str(n)] * count)
                    for n, count in groups)


def number(value):
    return "–" if value is None else f"{value:,.0f}"


def measure(names, command, alone, rounds, seconds, raw, quick):
    """{(workload, library, threads): [samples a second, one a round]}"""
    found = {}

    def add(name, library, threads, value):
        if value is not None:
            found.setdefault((name, library, threads), []).append(value)
            raw.write(json.dumps({"workload": name, "library": library, "threads": threads,
                                  "samplesPerSecond": value}) + "\n")

    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        peers = None
        if not alone:
            from peers import Peers
            peers = Peers(name)
        for _ in range(1 if quick and name == "W6" else rounds):  # its steps take seconds
            for threads in THREADS:
                for line in ours(command, "--workload", name, "--threads", threads,
                                 "--seconds", seconds):
                    add(name, "ours", line["threads"], line["samplesPerSecond"])
                if peers:
                    for library in peers.libraries:
                        add(name, library, threads, peers.measure(library, threads, seconds))
    return found


def table(names, found, peaks):
    """The Markdown table."""
    middle = {cell: statistics.median(values) for cell, values in found.items()}
    best = lambda name, library: max(
        (middle[name, library, t] for t in THREADS if (name, library, t) in middle), default=None)
    libraries = [l for l in ("PyTorch", "NumPy", "scikit-learn")
                 if any((n, l, t) in middle for n in names for t in THREADS)]
    header = ["", "network", "loss, rule, batch", "ours, 1 thread", "ours, 2 threads", *libraries]
    header += ["over PyTorch", "over the best"] * bool(libraries) + ["of the FMA peak"]
    rows = [header, ["---"] * 3 + ["---:"] * (len(header) - 3)]
    for name in names:
        w, mine = WORKLOADS[name], best(name, "ours")
        row = [name, f"{short(w['sizes'])}, {w['hidden']}",
               f"{w['loss']}, {w['rule']}, {w['batch']}"]
        row += [number(middle.get((name, "ours", t))) for t in THREADS]
        others = [best(name, library) for library in libraries]
        row += map(number, others)
        if libraries:
            row.append(f"{mine / others[0]:.1f}")
            row.append(f"{mine / max(o for o in others if o):.1f}")
        row.append(f"{100 * flops(w) * mine / (1e9 * peaks[max(THREADS)]):.0f} %")
        rows.append(row)
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def processor():
    try:
        for line in open("/proc/cpuinfo"):
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--raw", default=os.devnull, help="write every measurement as a JSON line")
    parser.add_argument("--bench", type=pathlib.Path, help="another folder of executables",
                        default=FOLDER / ".build" / "release")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (3 if arguments.quick else 5)
    seconds = arguments.seconds or (0.3 if arguments.quick else 0.7)
    names = arguments.workloads.split(",")
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        sys.exit(f"error: no workload {unknown[0]}; there are {', '.join(WORKLOADS)}")
    bench = arguments.bench / "backprop-bench"
    if not os.access(bench, os.X_OK):
        sys.exit(f"error: no {bench}; swift build -c release --package-path Benchmarks")

    before = {t: peak(arguments.bench, t) for t in THREADS}
    with open(arguments.raw, "w") as raw:
        found = measure(names, bench, arguments.alone, rounds, seconds, raw,
                        arguments.quick)
    peaks = {t: max(before[t], peak(arguments.bench, t)) for t in THREADS}

    print(table(names, found, peaks))
    print(f"\nSamples a second while training in float32, medians of {rounds} rounds in turns of "
          f"{seconds} s; peers with the better of 1 and 2 threads; the share is of the peak of two.")
    print(f"{processor()}, {os.cpu_count()} cores", end="")
    print(f"; multiply-add peak {peaks[1]:.0f} GFLOP/s on one thread, {peaks[2]:.0f} on two", end="")
    if not arguments.alone:
        import numpy
        import sklearn
        import torch
        print(f"; PyTorch {torch.__version__} (eager), NumPy {numpy.__version__}, "
              f"scikit-learn {sklearn.__version__}", end="")
    print(".")


if __name__ == "__main__":
    main()
