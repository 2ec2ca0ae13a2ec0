"""What the sections of the benchmark share: where the programs are, how long to measure, and the
processes that they measure with."""

import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent.parent
WORKLOADS = json.loads((FOLDER / "workloads.json").read_text())
# What ties a peer to kernels, features or threads that it would not take by itself: a machine may have
# OPENBLAS_CORETYPE set for older programs, which slows a current NumPy by up to 1.8.
TUNING = ("OPENBLAS_", "GOTO_", "BLIS_", "MKL_", "ONEDNN_", "DNNL_", "OMP_", "GOMP_", "KMP_", "ATEN_",
          "NPY_", "TORCHINDUCTOR_", "JAX_", "XLA_", "TF_ENABLE_", "TF_NUM_", "TF_XLA_", "POLARS_", "ARROW_")


def clear_tuning(environment):
    """Takes such variables out, {name: value}: all that is measured inherits what is left."""
    return {name: environment.pop(name) for name in sorted(environment) if name.startswith(TUNING)}


class Context:
    def __init__(self, arguments, scratch):
        self.quick, self.alone, self.scratch = arguments.quick, arguments.alone, scratch
        self.resume = arguments.resume
        self.rounds = arguments.rounds or (3 if self.quick else 5)
        self.seconds = arguments.seconds or (0.3 if self.quick else 0.7)
        self.workloads = arguments.workloads.split(",") if arguments.workloads else list(WORKLOADS)
        self.peers = arguments.peers.split(",") if arguments.peers else None
        self.curves = arguments.curves.split(",") if arguments.curves else None
        self.bench = FOLDER / ".build" / "release" / "backprop-bench"
        self.backprop = FOLDER.parent / ".build" / "release" / "backprop"
        self.out, self.section, self.failures = arguments.out, "", []
        self.cleared, self.openblas = clear_tuning(os.environ), set()

    def raw(self, **row):
        """Keeps one measurement: a line of results/SECTION.jsonl."""
        with open(self.out / f"{self.section}.jsonl", "a") as file:
            file.write(json.dumps(row) + "\n")

    def fails(self, what):
        """Notes what makes the run fail in the end; the rest is measured all the same."""
        self.tell(f"error: {what}")
        self.failures.append(what)

    def ours(self, *options):
        """The JSON lines that our benchmark prints."""
        command = [str(self.bench), *map(str, options)]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            sys.exit(f"error: {' '.join(command)} failed")
        return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]

    def tell(self, text):
        print(text, file=sys.stderr, flush=True)


class PeerFailed(Exception):
    pass


class PeerSlow(PeerFailed):
    """No answer in the time that there was."""


class Peer:
    """A library in a process of its own; see peers/worker.py."""

    def __init__(self, library, threads):
        self.name, self.threads = library, threads
        self.errors = tempfile.TemporaryFile("w+", errors="replace")
        self.process = subprocess.Popen(
            [sys.executable, str(FOLDER / "peers" / "worker.py"), library, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env=os.environ | {"PYTHONWARNINGS": "ignore"})

    def ask(self, do, patience=None, **order):
        """The answer; whoever takes longer than `patience` seconds is ended."""
        try:
            self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
            self.process.stdin.flush()
            if not select.select([self.process.stdout], [], [], patience)[0]:
                self.process.kill()
                self.process.wait()
                raise PeerSlow(f"no answer in {patience:.0f} s when asked to {do}")
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            status = self.process.wait()
            self.errors.seek(0)
            last = self.errors.read().strip().splitlines()[-1:] or ["it said nothing"]
            raise PeerFailed(f"{self.name} ({self.threads} threads) ended with status {status} "
                             f"when asked to {do}: {last[0][:300]}")
        return json.loads(line)

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


class Peers:
    """Peers that have prepared themselves for a workload. Whoever fails drops out, and the run fails
    in the end; whoever does not take part or exhausts our patience (`skipped`: {library: why}) is only
    noted."""

    def __init__(self, context, libraries, threads, workload, folder, patience=None):
        self.context, self.alive, self.skipped, self.patience = context, [], {}, patience
        for library in libraries:
            for count in threads:
                if library in self.skipped:
                    continue
                peer = Peer(library, count)
                try:
                    answer = peer.ask("prepare", patience, workload=workload, folder=str(folder))
                except PeerSlow as slow:
                    answer = {"skipped": str(slow)}
                except PeerFailed as failure:
                    context.fails(str(failure))
                    answer = {"skipped": "it failed"}
                if "skipped" in answer:
                    self.skipped[library] = answer["skipped"]
                    peer.close()
                else:
                    context.raw(library=library, threads=count, sizes=workload["sizes"], **answer)
                    context.openblas.update(answer["openblas"])
                    self.alive.append(peer)

    def ask(self, do, **order):
        """Each peer in turn, with its answer."""
        for peer in list(self.alive):
            try:
                yield peer, peer.ask(do, self.patience, **order)
            except PeerSlow as slow:
                self.skipped[peer.name] = str(slow)
                self.alive.remove(peer)
                peer.close()
            except PeerFailed as failure:
                self.context.fails(str(failure))
                self.alive.remove(peer)

    def close(self):
        for peer in self.alive:
            peer.close()


def flops(workload):
    """What one sample's training step needs: 4 KN + 2 KN a layer, the first without passing down."""
    products = [i * o for i, o in zip(workload["sizes"], workload["sizes"][1:])]
    return 6 * sum(products) - 2 * products[0]


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
