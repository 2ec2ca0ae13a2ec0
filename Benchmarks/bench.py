"""Measures this library beside its peers, and writes what it finds to results/.

    python Benchmarks/bench.py [--quick] [--alone] [--only training,inference] [--workloads W1,W4]
                               [--rounds 5] [--seconds 0.7] [--out FOLDER]

Everything is measured in turns, ours and each peer's once a round, so that a machine that is busy for
a moment slows all alike; the peak of the processor and the bandwidth of its memory are measured in the
same run. --alone leaves the peers out (and needs NumPy only); --quick measures shorter.
"""

import argparse
import os
import pathlib
import sys
import tempfile

from measure import ingestion, inference, machine, process, scaling, training
from measure.context import Context, FOLDER, WORKLOADS

SECTIONS = {"training": training, "scaling": scaling, "inference": inference, "process": process,
            "ingestion": ingestion}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--only", default=",".join(SECTIONS))
    parser.add_argument("--workloads")
    parser.add_argument("--peers", help="of training: some of the libraries, as PyTorch,JAX scan")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--out", type=pathlib.Path, default=FOLDER / "results")
    arguments = parser.parse_args()
    for name in (arguments.workloads or "").split(","):
        if name and name not in WORKLOADS:
            sys.exit(f"error: no workload {name}; there are {', '.join(WORKLOADS)}")
    names = arguments.only.split(",")
    for name in names:
        if name not in SECTIONS:
            sys.exit(f"error: no section {name}; there are {', '.join(SECTIONS)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="backprop-bench-") as scratch, \
            open(arguments.out / "raw.jsonl", "w") as raw:
        context = Context(arguments, pathlib.Path(scratch), raw)
        context.failures = []
        if not os.access(context.bench, os.X_OK):
            sys.exit(f"error: no {context.bench}; make bench builds it")
        peaks = machine.Peaks()
        peaks.measure(context)
        sections = [SECTIONS[name].run(context, peaks) for name in names]
        peaks.measure(context)
    facts = machine.facts(peaks)
    for section in sections:
        pictures = "".join(f"![{section.title}]({name})\n\n" for name, _ in section.charts)
        text = f"# {section.title}\n\n{facts}\n\n{section.text}\n\n{pictures}".rstrip() + "\n"
        (arguments.out / f"{section.name}.md").write_text(text)
        for name, svg in section.charts:
            (arguments.out / name).write_text(svg)
        print(f"## {section.title}\n\n{section.text}\n")
    print(facts)
    if context.failures:
        sys.exit("error: the contestants do not compute the same: " + "; ".join(context.failures))


if __name__ == "__main__":
    main()
