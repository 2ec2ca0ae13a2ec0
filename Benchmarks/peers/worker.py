"""One peer in a process of its own, which is told by lines of JSON what to do.

    python worker.py LIBRARY THREADS

Lines that it takes on standard input, and what it answers on standard output:

    {"do": "prepare", "workload": {…}, "folder": "…"}    {"chosen": "how", "openblas": ["SkylakeX"]}
                                                         or {"skipped": "why"}
    {"do": "check", "steps": 20, "rate": 0.01}           {"before": 2.31, "after": 2.05}
    {"do": "measure", "seconds": 0.7}                    {"samplesPerSecond": 61023.5}

The folder holds the workload's data and weights, the same for everyone. `prepare` tries the ways that
the library has of doing the same, and keeps the fastest. `check` trains that way from those weights on
the first batches in their order and answers the mean loss over their examples before and after;
`measure` trains on shuffled batches, gathered inside the timing, after an epoch that is not timed.
"""

import importlib
import json
import os
import pathlib
import sys
import time

library, threads = sys.argv[1], int(sys.argv[2])
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(threads)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
if threads == 1 and library.startswith(("JAX", "tf.")):
    # XLA's and TensorFlow's own pools follow the processors that they are given.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np  # noqa: E402  after the number of threads is set

MODULES = {"PyTorch": "pytorch_peer", "torch.compile": "pytorch_peer", "JAX step": "jax_peer",
           "JAX scan": "jax_peer", "tf.function": "tensorflow_peer", "Keras fit": "tensorflow_peer",
           "scikit-learn": "scikit_peer", "NumPy": "numpy_peer"}
MODULES |= dict.fromkeys(["onnxruntime", "PyTorch predict", "JAX predict", "NumPy predict",
                          "scikit-learn predict"], "predict_peer")


class Data:
    """What a workload trains on: inputs, targets (one column a class), weights and biases."""

    def __init__(self, workload, folder):
        sizes = workload["sizes"]
        read = lambda name: np.fromfile(pathlib.Path(folder, name), np.float32)
        self.inputs = read("inputs.f32").reshape(-1, sizes[0])
        self.targets = read("targets.f32").reshape(-1, sizes[-1])
        self.batches = -(-len(self.inputs) // workload["batch"])  # of an epoch
        self.is_classes = workload["loss"] == "cross-entropy"
        self.labels = self.targets.argmax(1) if self.is_classes else None
        self.weights, self.biases, at = [], [], 0
        flat = read("weights.f32")
        for i, o in zip(sizes, sizes[1:]):  # W as [out, in]
            self.weights.append(flat[at:at + i * o].reshape(o, i).copy())
            self.biases.append(np.zeros(o, np.float32))
            at += i * o


class Shuffled:
    """Row numbers of one batch after the other, reshuffled every epoch, without end. Every batch is
    full: what an epoch leaves over begins the first batch of the next, so that there is one
    permutation for so many rows, however many are asked for at once. A batch of all rows is dealt once:
    it is the same in any order."""

    def __init__(self, rows, size):
        self.source, self.rows, self.size = np.random.default_rng(1), rows, size
        self.order, self.at = np.empty(0, np.int32), 0

    def take(self, count):
        rows = self.order[self.at:self.at + count]
        self.at += count
        while len(rows) < count:
            if self.size < self.rows or not len(self.order):
                self.order = self.source.permutation(self.rows).astype(np.int32)
            self.at = min(count - len(rows), self.rows)
            rows = np.concatenate([rows, self.order[:self.at]])
        return rows

    def next(self):
        return self.take(self.size)

    def several(self, count):
        """That many batches at once, a row each."""
        return self.take(count * self.size).reshape(count, self.size)


# Ours is timed from the end of its first epoch on.
WARM_UP_AT_MOST = 15.0


def rate(step, size, seconds, finish=lambda: None, warm_up=0):
    """Samples a second over at least `seconds` and two steps. `step` may make several batches of
    `size` at once and return how many; `finish` waits for what is still under way. Before, more than
    `warm_up` batches pass (at least one step, and no further step after WARM_UP_AT_MOST seconds): caches
    are filled, and threads woken that slept while others were measured. After an epoch the next is
    begun, so that a time shorter than an epoch does not hold the whole of a permutation."""
    batches, start = 0, time.perf_counter()
    while True:
        batches += step() or 1
        if batches > warm_up or time.perf_counter() - start >= WARM_UP_AT_MOST:
            break
    finish()
    batches, start = 0, time.perf_counter()
    while True:
        batches += step() or 1
        elapsed = time.perf_counter() - start
        if elapsed >= seconds and batches >= 2:
            finish()
            return batches * size / (time.perf_counter() - start)


def fastest(ways, speed):
    """The way of `ways` that `speed` (samples a second) is greatest of."""
    ways = list(ways)
    return max(ways, key=speed) if len(ways) > 1 else ways[0]


def openblas_kernels():
    """The processors whose kernels OpenBLAS took, of each copy that this process has loaded."""
    try:
        from threadpoolctl import threadpool_info
    except ModuleNotFoundError:
        return []
    return sorted({library["architecture"] for library in threadpool_info()
                   if library["internal_api"] == "openblas"})


def main():
    module, peer, missing = None, None, None
    try:
        module = importlib.import_module(MODULES[library])
    except ModuleNotFoundError as error:
        missing = f"{error.name} is not installed"
    # What a library prints on standard output must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "prepare":
            workload = order["workload"]
            why = missing or module.skips(library, workload)
            if why:
                answer = {"skipped": why}
            else:
                try:
                    peer = module.Peer(library, workload, Data(workload, order["folder"]), threads)
                    answer = {"chosen": getattr(peer, "chosen", "the only way"),
                              "openblas": openblas_kernels()}
                except ModuleNotFoundError as error:  # what a module imports only when it is asked to
                    answer = {"skipped": f"{error.name} is not installed"}
        elif order["do"] == "check":
            answer = dict(zip(("before", "after"), peer.check(order["steps"], order["rate"])))
        else:
            answer = peer.measure(order["seconds"])
            if not isinstance(answer, dict):
                answer = {"samplesPerSecond": answer}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    sys.modules["worker"] = sys.modules["__main__"]
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    main()
