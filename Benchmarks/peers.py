"""The peers' side of the table: samples a second of training in PyTorch, NumPy and scikit-learn.

    python Benchmarks/peers.py [--workloads W1,W4] [--rounds 3] [--seconds 0.5]

prints a JSON line for every measurement, like our own `backprop-bench`. All train in float32 on the
same random data in memory; shuffling and the gathering of a batch's rows are inside the timing.
PyTorch runs eagerly with the better of its fused and its default optimiser (tried once), the
gradients set to None; NumPy is what one writes by hand with every buffer allocated beforehand.
"""

import argparse
import itertools
import json
import pathlib
import statistics
import time
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

WORKLOADS = json.loads((pathlib.Path(__file__).parent / "workloads.json").read_text())
BETA1, BETA2, EPSILON, MOMENTUM, DECAY = 0.9, 0.999, 1e-8, 0.9, 0.01
# Cells that would take seconds for a single step, or that scikit-learn cannot do in good time.
SKIPPED = {("scikit-learn", "W6"), ("scikit-learn", "W7")}


def data(workload):
    """Random inputs, and class numbers or one real target."""
    source = np.random.default_rng(0)
    rows, sizes = workload["rows"], workload["sizes"]
    inputs = source.random((rows, sizes[0]), dtype=np.float32)
    if workload["loss"] == "cross-entropy":
        return inputs, source.integers(0, sizes[-1], rows)
    return inputs, source.standard_normal((rows, sizes[-1]), dtype=np.float32)


def batches(rows, size):
    """Row numbers of one batch after the other, reshuffled every epoch, without end."""
    source = np.random.default_rng(1)
    while True:
        order = source.permutation(rows)
        for start in range(0, rows - size + 1, size):
            yield order[start:start + size]


class Torch:
    """Steps of PyTorch, eager. One object a workload and optimiser implementation."""

    def __init__(self, workload, inputs, targets, fused):
        torch.manual_seed(0)
        self.inputs, self.targets = torch.from_numpy(inputs), torch.from_numpy(targets)
        self.classes = workload["loss"] == "cross-entropy"
        hidden = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}[workload["hidden"]]
        layers = []
        for i, o in itertools.pairwise(workload["sizes"]):
            layers += [torch.nn.Linear(i, o), hidden()]
        self.network = torch.nn.Sequential(*layers[:-1])
        rate, extra = workload["learningRate"], {"fused": True} if fused else {}
        parameters = self.network.parameters()
        self.optimizer = {
            "sgd": lambda: torch.optim.SGD(parameters, lr=rate, **extra),
            "momentum": lambda: torch.optim.SGD(parameters, lr=rate, momentum=MOMENTUM, **extra),
            "adam": lambda: torch.optim.Adam(parameters, lr=rate, **extra),
            "adamw": lambda: torch.optim.AdamW(parameters, lr=rate, weight_decay=DECAY, **extra),
        }[workload["rule"]]()
        self.batches = map(torch.from_numpy, batches(len(inputs), workload["batch"]))

    def step(self):
        rows = next(self.batches)
        x, y = self.inputs[rows], self.targets[rows]
        outputs = self.network(x)
        loss = F.cross_entropy(outputs, y) if self.classes else 0.5 * F.mse_loss(outputs, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


class Numpy:
    """The four equations by hand, float32, in place, one flat parameter buffer."""

    def __init__(self, workload, inputs, targets):
        sizes, self.size = workload["sizes"], workload["batch"]
        self.inputs, self.hidden, self.rule = inputs, workload["hidden"], workload["rule"]
        self.rate = np.float32(workload["learningRate"])
        self.classes = workload["loss"] == "cross-entropy"
        self.targets = np.eye(sizes[-1], dtype=np.float32)[targets] if self.classes else targets
        pairs = list(itertools.pairwise(sizes))
        total = sum(i * o + o for i, o in pairs)
        self.theta, self.gradient = np.zeros(total, np.float32), np.zeros(total, np.float32)
        self.first, self.second = np.zeros(total, np.float32), np.zeros(total, np.float32)
        self.scratch = np.zeros(total, np.float32)
        self.w, self.b = self.views(self.theta, pairs)
        self.dw, self.db = self.views(self.gradient, pairs)
        self.decayed = self.views(self.theta, pairs)[0]
        source = np.random.default_rng(2)
        for w in self.w:
            w[...] = source.standard_normal(w.shape, dtype=np.float32) * np.sqrt(2 / w.shape[0])
        self.a = [np.zeros((self.size, n), np.float32) for n in sizes]
        self.delta = [np.zeros((self.size, n), np.float32) for n in sizes[1:]]
        self.y = np.zeros((self.size, sizes[-1]), np.float32)
        self.batches, self.t = batches(len(inputs), self.size), 0

    @staticmethod
    def views(flat, pairs):
        weights, biases, at = [], [], 0
        for i, o in pairs:
            weights.append(flat[at:at + i * o].reshape(i, o))
            biases.append(flat[at + i * o:at + i * o + o])
            at += i * o + o
        return weights, biases

    def step(self):
        rows = next(self.batches)
        a, delta, last = self.a, self.delta, len(self.w) - 1
        np.take(self.inputs, rows, axis=0, out=a[0])
        np.take(self.targets, rows, axis=0, out=self.y)
        for l, (w, b) in enumerate(zip(self.w, self.b)):
            z = np.dot(a[l], w, out=a[l + 1])
            z += b
            if l == last:
                if self.classes:
                    z -= z.max(axis=1, keepdims=True)
                    np.exp(z, out=z)
                    z /= z.sum(axis=1, keepdims=True)
            elif self.hidden == "relu":
                np.maximum(z, 0, out=z)
            else:
                np.negative(z, out=z)
                np.exp(z, out=z)
                z += 1
                np.reciprocal(z, out=z)
        np.subtract(a[-1], self.y, out=delta[-1])
        delta[-1] *= np.float32(1 / self.size)
        for l in range(last, -1, -1):
            np.dot(a[l].T, delta[l], out=self.dw[l])
            np.sum(delta[l], axis=0, out=self.db[l])
            if l:
                np.dot(delta[l], self.w[l].T, out=delta[l - 1])
                if self.hidden == "relu":
                    delta[l - 1] *= a[l] > 0
                else:
                    delta[l - 1] *= a[l] * (1 - a[l])
        self.update()

    def update(self):
        g, s, self.t = self.gradient, self.scratch, self.t + 1
        if self.rule == "sgd":
            np.multiply(g, self.rate, out=s)
        elif self.rule == "momentum":
            self.first *= np.float32(MOMENTUM)
            self.first += g
            np.multiply(self.first, self.rate, out=s)
        else:
            if self.rule == "adamw":
                for w in self.decayed:
                    w *= np.float32(1 - self.rate * DECAY)
            self.first *= np.float32(BETA1)
            np.multiply(g, np.float32(1 - BETA1), out=s)
            self.first += s
            self.second *= np.float32(BETA2)
            np.multiply(g, g, out=s)
            s *= np.float32(1 - BETA2)
            self.second += s
            np.multiply(self.second, np.float32(1 / (1 - BETA2 ** self.t)), out=s)
            np.sqrt(s, out=s)
            s += np.float32(EPSILON)
            np.divide(self.first, s, out=s)
            s *= np.float32(self.rate / (1 - BETA1 ** self.t))
        self.theta -= s


class ScikitLearn:
    """One `partial_fit` (an epoch over as many rows as fill the time) counts as its steps."""

    def __init__(self, workload, inputs, targets):
        sizes, self.size = workload["sizes"], workload["batch"]
        kind = MLPClassifier if workload["loss"] == "cross-entropy" else MLPRegressor
        rule = workload["rule"]
        self.model = kind(
            hidden_layer_sizes=sizes[1:-1], batch_size=self.size, alpha=0.0, random_state=0,
            activation={"sigmoid": "logistic"}.get(workload["hidden"], workload["hidden"]),
            solver="adam" if rule.startswith("adam") else "sgd", nesterovs_momentum=False,
            momentum=MOMENTUM if rule == "momentum" else 0.0,
            learning_rate_init=workload["learningRate"])
        self.inputs = inputs
        self.targets = targets if targets.ndim == 1 else targets[:, 0]
        self.extra = {"classes": np.arange(sizes[-1])} if kind is MLPClassifier else {}
        self.rows = self.size * 20

    def rate(self, seconds):
        for _ in range(2):  # the second time with the number of rows that the first suggested
            x, y = self.inputs[:self.rows], self.targets[:self.rows]
            start = time.perf_counter()
            self.model.partial_fit(x, y, **self.extra)
            speed = len(x) / (time.perf_counter() - start)
            wanted = int(speed * seconds) // self.size * self.size
            if len(x) >= min(wanted, len(self.inputs)) * 0.7:
                break
            self.rows = max(self.size, min(wanted, len(self.inputs)))
        return speed


def rate(stepper, size, seconds):
    """Samples a second over a window of at least `seconds` and two steps."""
    stepper.step()
    steps, start = 0, time.perf_counter()
    while True:
        stepper.step()
        steps += 1
        elapsed = time.perf_counter() - start
        if elapsed >= seconds and steps >= 2:
            return steps * size / elapsed


class Peers:
    """Keeps what one workload needs, and measures a library with a number of threads on it."""

    libraries = ["PyTorch", "NumPy", "scikit-learn"]

    def __init__(self, name):
        self.name, self.workload = name, WORKLOADS[name]
        inputs, targets = data(self.workload)
        self.size = self.workload["batch"]
        default, fused = (Torch(self.workload, inputs, targets, f) for f in (False, True))
        torch.set_num_threads(1)
        self.torch = max((default, fused), key=lambda stepper: rate(stepper, self.size, 0.2))
        self.numpy = Numpy(self.workload, inputs, targets)
        self.scikit = None
        if ("scikit-learn", name) not in SKIPPED:
            self.scikit = ScikitLearn(self.workload, inputs, targets)

    def measure(self, library, threads, seconds):
        """Samples a second, or None where the cell is left out."""
        if library == "PyTorch":
            torch.set_num_threads(threads)
            return rate(self.torch, self.size, seconds)
        with threadpool_limits(threads, user_api="blas"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if library == "NumPy":
                return rate(self.numpy, self.size, seconds)
            return self.scikit.rate(seconds) if self.scikit else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--threads", default="1,2")
    arguments = parser.parse_args()
    for name in arguments.workloads.split(","):
        peers = Peers(name)
        cells = list(itertools.product(Peers.libraries, map(int, arguments.threads.split(","))))
        found = {cell: [] for cell in cells}
        for _ in range(arguments.rounds):
            for cell in cells:
                found[cell].append(peers.measure(*cell, arguments.seconds))
        for (library, threads), values in found.items():
            if None not in values:
                print(json.dumps({"workload": name, "library": library, "threads": threads,
                                  "samplesPerSecond": round(statistics.median(values), 1)}),
                      flush=True)


if __name__ == "__main__":
    main()
