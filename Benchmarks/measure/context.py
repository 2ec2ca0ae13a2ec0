"""What the sections of the benchmark share: where the programs are, how long to measure, and the
processes that they measure with."""

import json
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent
WORKLOADS = json.loads((FOLDER / "workloads.json").read_text())


class Context:
    def __init__(self, arguments, scratch, raw):
        self.quick, self.alone, self.scratch = arguments.quick, arguments.alone, scratch
        self.rounds = arguments.rounds or (3 if self.quick else 5)
        self.seconds = arguments.seconds or (0.3 if self.quick else 0.7)
        self.workloads = arguments.workloads.split(",") if arguments.workloads else list(WORKLOADS)
        self.peers = arguments.peers.split(",") if arguments.peers else None
        self.bench = FOLDER / ".build" / "release" / "backprop-bench"
        self.backprop = FOLDER.parent / ".build" / "release" / "backprop"
        self.raw_file = raw

    def raw(self, **row):
        self.raw_file.write(json.dumps(row) + "\n")
        self.raw_file.flush()

    def ours(self, *options):
        """The JSON lines that our benchmark prints."""
        command = [str(self.bench), *map(str, options)]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            sys.exit(f"error: {' '.join(command)} failed")
        return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]

    def tell(self, text):
        print(text, file=sys.stderr, flush=True)


class Peer:
    """A library in a process of its own; see peers/worker.py."""

    def __init__(self, library, threads):
        self.library, self.threads = library, threads
        self.process = subprocess.Popen(
            [sys.executable, str(FOLDER / "peers" / "worker.py"), library, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | {"PYTHONWARNINGS": "ignore"})

    def ask(self, do, **order):
        self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"error: {self.library} ended in the middle of {do} {order}; "
                     f"run peers/worker.py by hand to see why")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def short(sizes):
    """784–128–10; runs of one width as 32 × 256."""
    groups = []
    for n in sizes:
        if groups and groups[-1][0] == n:
            groups[-1][1] += 1
        else:
            groups.append([n, 1])
    return "–".join(f"{count} × {n}" if count > 4 else "–".join([str(n)] * count)
                    for n, count in groups)
