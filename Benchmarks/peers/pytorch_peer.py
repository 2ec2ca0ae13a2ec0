"""PyTorch: eager, with the better of its default and its fused optimiser; or the whole step (rows
gathered, forward, gradient, rule) as one function for torch.compile, which is several times as fast as
compiling the loss alone, as is usual, since no call leaves the compiled code."""

import os
import shutil

import torch
import torch.nn.functional as F

from worker import Shuffled, fastest, rate

HIDDEN = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh}


def skips(library, workload):
    if library == "torch.compile" and len(workload["sizes"]) > 12:
        return "compiling that many layers takes minutes"
    if library == "torch.compile" and not shutil.which(os.environ.get("CXX", "g++")):
        return "there is no C++ compiler"


def Peer(library, workload, data, threads):
    torch.set_num_threads(threads)
    return (Compiled if library == "torch.compile" else Eager)(workload, data)


class Common:
    def __init__(self, workload, data):
        self.workload, self.data, self.size = workload, data, workload["batch"]
        self.inputs = torch.from_numpy(data.inputs)
        self.targets = torch.from_numpy(data.labels if data.is_classes else data.targets)
        self.shuffled = Shuffled(len(self.inputs), self.size)
        self.choose()
        self.start(workload["learningRate"])
        self.shuffled_step()

    def loss(self, outputs, y):
        if self.data.is_classes:
            return F.cross_entropy(outputs, y)
        return 0.5 * y.shape[1] * F.mse_loss(outputs, y)  # whose mean is over the outputs, too

    def check(self, steps, learning_rate):
        self.start(learning_rate)
        count = steps * self.size
        x, y = self.inputs[:count], self.targets[:count]
        with torch.no_grad():
            before = float(self.loss(self.outputs(x), y))
        for rows in torch.arange(count).split(self.size):
            self.step(rows)
        with torch.no_grad():
            after = float(self.loss(self.outputs(x), y))
        self.start(self.workload["learningRate"])
        self.shuffled_step()
        return before, after

    def shuffled_step(self):
        self.step(torch.from_numpy(self.shuffled.next()))

    def measure(self, seconds):
        return rate(self.shuffled_step, self.size, seconds, warm_up=self.data.batches)


class Eager(Common):
    def choose(self):
        self.chosen = fastest(["default", "fused"], self.speed) + " optimiser"

    def speed(self, way):
        self.chosen = way
        self.start(self.workload["learningRate"])
        return rate(self.shuffled_step, self.size, 0.3)

    def start(self, learning_rate):
        """From the weights given, with the chosen implementation of the rule."""
        layers = []
        for weights, biases in zip(self.data.weights, self.data.biases):
            linear = torch.nn.Linear(weights.shape[1], weights.shape[0])
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weights))
                linear.bias.copy_(torch.from_numpy(biases))
            layers += [linear, HIDDEN[self.workload["hidden"]]()]
        self.outputs = torch.nn.Sequential(*layers[:-1])
        options = {"lr": learning_rate, "fused": self.chosen.startswith("fused")}
        self.optimizer = {
            "sgd": lambda p: torch.optim.SGD(p, **options),
            "momentum": lambda p: torch.optim.SGD(p, momentum=0.9, **options),
            "adam": lambda p: torch.optim.Adam(p, **options),
            "adamw": lambda p: torch.optim.AdamW(p, weight_decay=0.01, **options),
        }[self.workload["rule"]](self.outputs.parameters())

    def step(self, rows):
        x, y = self.inputs.index_select(0, rows), self.targets.index_select(0, rows)
        loss = self.loss(self.outputs(x), y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()


class Compiled(Common):
    def choose(self):
        self.chosen = "the whole step compiled"
        self.compiled = torch.compile(self.plain_step, options={"cpp_wrapper": True})

    def start(self, learning_rate):
        weights = [torch.from_numpy(w.copy()) for w in self.data.weights]
        self.parameters = weights + [torch.from_numpy(b.copy()) for b in self.data.biases]
        self.first = [torch.zeros_like(p) for p in self.parameters]
        self.second = [torch.zeros_like(p) for p in self.parameters]
        self.learning_rate, self.t = torch.tensor(learning_rate), torch.zeros(())

    def outputs(self, x, parameters=None):
        parameters = parameters or self.parameters
        layers = len(parameters) // 2
        for l in range(layers):
            x = F.linear(x, parameters[l], parameters[layers + l])
            if l < layers - 1:
                x = getattr(torch, self.workload["hidden"])(x)
        return x

    def plain_step(self, parameters, first, second, t, learning_rate, inputs, targets, rows):
        x, y, rule = inputs[rows], targets[rows], self.workload["rule"]
        gradient = torch.func.grad(lambda p: self.loss(self.outputs(x, p), y))(parameters)
        t += 1
        step, root = learning_rate / (1 - 0.9 ** t), 1 / (1 - 0.999 ** t)
        for index, (p, g, m, v) in enumerate(zip(parameters, gradient, first, second)):
            if rule == "sgd":
                p -= learning_rate * g
            elif rule == "momentum":
                m.mul_(0.9).add_(g)
                p -= learning_rate * m
            else:
                if rule == "adamw" and index < len(parameters) // 2:
                    p *= 1 - learning_rate * 0.01
                m.mul_(0.9).add_(0.1 * g)
                v.mul_(0.999).add_(0.001 * g * g)
                p -= step * m / ((v * root).sqrt() + 1e-8)

    def step(self, rows):
        self.compiled(self.parameters, self.first, self.second, self.t, self.learning_rate,
                      self.inputs, self.targets, rows)
