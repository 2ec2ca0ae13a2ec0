"""Measures this library beside its peers, and writes what it finds to results/.

    python Benchmarks/bench.py [--quick] [--alone] [--only training,inference] [--workloads W1,W4]
                               [--peers PyTorch,NumPy] [--curves depth,data] [--rounds 5]
                               [--seconds 0.7] [--out FOLDER]

Everything is measured in turns, ours and each peer's once a round, so that a machine that is busy for
a moment slows all alike; the peak of the processor and the bandwidth of its memory are measured in the
same run. --alone leaves the peers out (and needs NumPy only); --quick measures shorter. README.md tells
how, and what is fair about it.
"""

import argparse
import math
import os
import pathlib
import sys
import tempfile

from measure import ingestion, inference, machine, process, scaling, training
from measure.context import Context, FOLDER, WORKLOADS

SECTIONS = {"training": training, "scaling": scaling, "inference": inference, "process": process,
            "ingestion": ingestion}


def whole(text):
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number of at least 1")
    return int(text)


def positive(text):
    """A number over 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number over 0")
    return number


def check(arguments, sections):
    """Ends the program if something that was asked for does not exist or would be ignored."""
    for option, text, known, users in (
            ("--only", arguments.only, SECTIONS, None),
            ("--workloads", arguments.workloads, WORKLOADS, ["training"]),
            ("--peers", arguments.peers, training.LIBRARIES, ["training", "scaling"]),
            ("--curves", arguments.curves, scaling.CURVES, ["scaling"])):
        if text is None:
            continue
        for name in text.split(","):
            if name not in known:
                sys.exit(f"error: {option} has {name!r}; there are {', '.join(known)}")
        if users and not set(users) & set(sections):
            sys.exit(f"error: {option} belongs to {' and '.join(users)}, and only {', '.join(sections)} "
                     f"is measured; leave it out, or name a section of it in --only")
    if arguments.resume and (sections != ["training"] or arguments.alone):
        sys.exit("error: --resume is for training beside peers; give --only training, without --alone")
    if arguments.peers and arguments.alone:
        sys.exit("error: --alone leaves out the peers that --peers names; leave one of them out")
    if arguments.peers and sections == ["scaling"]:
        for name in arguments.peers.split(","):
            if name not in scaling.SERIES:
                sys.exit(f"error: scaling has no peer {name!r}; there are "
                         f"{', '.join(scaling.SERIES[2:])}")
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"error: --out has {str(arguments.out)!r}, which cannot be made a folder: "
                 f"{error.strerror}; name another")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, as training,scaling")
    parser.add_argument("--workloads", help="of training: some of them, as W1,W4")
    parser.add_argument("--peers", help="of training and scaling: some of the libraries, as PyTorch,JAX scan")
    parser.add_argument("--curves", help="of scaling: some of them, as depth,data")
    parser.add_argument("--rounds", type=whole)
    parser.add_argument("--seconds", type=positive)
    parser.add_argument("--resume", action="store_true", help="of training: workloads that an "
                        "interrupted run has measured to the end are not measured again")
    parser.add_argument("--out", type=pathlib.Path, default=FOLDER / "results")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    check(arguments, names)
    with tempfile.TemporaryDirectory(prefix="backprop-bench-") as scratch:
        context = Context(arguments, pathlib.Path(scratch))
        for program in (context.bench, context.bench.parent / "fma-peak", context.backprop):
            if not os.access(program, os.X_OK):
                sys.exit(f"error: no {program}; make bench builds it")
        for name in names:
            for old in ("md",) if arguments.resume else ("jsonl", "md"):
                (arguments.out / f"{name}.{old}").unlink(missing_ok=True)
            context.section = name
            peaks = machine.Peaks()
            peaks.measure(context)
            section = SECTIONS[name].run(context, peaks)
            if name != "training":  # which measures them after each workload
                peaks.measure(context)
            # Written at once: what comes later may fail.
            facts = machine.facts(peaks, context)
            write(section, facts, arguments.out)
            print(f"## {section.title}\n\n{section.text}\n\n{facts}\n", flush=True)
    index(arguments.out)
    if context.failures:
        sys.exit("error: not everything went well:\n  " + "\n  ".join(context.failures))


def write(section, facts, out):
    pictures = "".join(f"![{section.title}]({name})\n\n" for name, _ in section.charts)
    text = f"# {section.title}\n\n{pictures}{section.text}\n\n{facts}\n"
    (out / f"{section.name}.md").write_text(text)
    for name, svg in section.charts:
        (out / name).write_text(svg)


def index(out):
    """results/README.md: all sections that the folder holds, in one."""
    found = [out / f"{name}.md" for name in SECTIONS if (out / f"{name}.md").exists()]
    text = "".join("\n#" + file.read_text() for file in found)
    (out / "README.md").write_text(
        f"# What was measured\n\nWritten by `make bench`, see ../README.md.\n{text}")


if __name__ == "__main__":
    main()
