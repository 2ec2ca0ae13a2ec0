"""JAX: a compiled step that Python calls, or a compiled loop over many steps (lax.scan). The rows of
a batch are gathered inside what is compiled."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from worker import Shuffled, rate


def skips(library, workload):
    return None


class Peer:
    def __init__(self, library, workload, data, threads):
        self.data, self.workload, self.size = data, workload, workload["batch"]
        self.scans = library == "JAX scan"
        self.inputs, self.targets = jnp.asarray(data.inputs), jnp.asarray(data.targets)
        self.shuffled = Shuffled(len(data.inputs), self.size)
        self.steps_a_call = 1
        self.start(workload["learningRate"])
        self.chosen = "a step a call"
        if self.scans:
            # As many steps a call as take a tenth of a second.
            for _ in range(2):
                speed = rate(self.shuffled_steps, self.size, 0.2, self.finish)
                self.steps_a_call = max(1, int(speed / self.size * 0.1))
                self.shuffled_steps()
            self.chosen = f"{self.steps_a_call} steps a call"

    def start(self, learning_rate):
        weights = [jnp.asarray(w.T) for w in self.data.weights]
        biases = [jnp.asarray(b) for b in self.data.biases]
        zeros = lambda: jax.tree.map(jnp.zeros_like, (weights, biases))
        self.state = ((weights, biases), zeros(), zeros(), jnp.zeros((), jnp.float32))
        self.one = jax.jit(functools.partial(self.step, learning_rate), donate_argnums=0)
        self.many = jax.jit(functools.partial(self.steps, learning_rate), donate_argnums=0)

    def loss(self, parameters, x, y):
        weights, biases = parameters
        for l, (w, b) in enumerate(zip(weights, biases)):
            x = x @ w + b
            if l < len(weights) - 1:
                x = getattr(jax.nn, self.workload["hidden"])(x)
        if self.data.is_classes:
            return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(x), axis=1))
        return 0.5 * jnp.mean(jnp.sum(jnp.square(x - y), axis=1))

    def step(self, learning_rate, state, inputs, targets, rows):
        parameters, first, second, t = state
        gradient = jax.grad(self.loss)(parameters, inputs[rows], targets[rows])
        rule, t = self.workload["rule"], t + 1
        tree = jax.tree.map
        if rule == "sgd":
            parameters = tree(lambda p, g: p - learning_rate * g, parameters, gradient)
        elif rule == "momentum":
            first = tree(lambda v, g: 0.9 * v + g, first, gradient)
            parameters = tree(lambda p, v: p - learning_rate * v, parameters, first)
        else:
            if rule == "adamw":
                weights = tree(lambda p: p * (1 - learning_rate * 0.01), parameters[0])
                parameters = (weights, parameters[1])
            first = tree(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
            second = tree(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
            step, root = learning_rate / (1 - 0.9 ** t), 1 / (1 - 0.999 ** t)
            parameters = tree(lambda p, m, v: p - step * m / (jnp.sqrt(v * root) + 1e-8),
                              parameters, first, second)
        return parameters, first, second, t

    def steps(self, learning_rate, state, inputs, targets, batches):
        body = lambda state, rows: (self.step(learning_rate, state, inputs, targets, rows), None)
        return jax.lax.scan(body, state, batches)[0]

    def check(self, steps, learning_rate):
        self.start(learning_rate)
        count = steps * self.size
        x, y = self.inputs[:count], self.targets[:count]
        before = float(self.loss(self.state[0], x, y))
        order = jnp.arange(count, dtype=jnp.int32).reshape(steps, self.size)
        if self.scans:
            self.state = self.many(self.state, self.inputs, self.targets, order)
        else:
            for rows in order:
                self.state = self.one(self.state, self.inputs, self.targets, rows)
        after = float(self.loss(self.state[0], x, y))
        self.start(self.workload["learningRate"])
        (self.shuffled_steps if self.scans else self.shuffled_step)()
        self.finish()
        return before, after

    def finish(self):
        jax.block_until_ready(self.state)

    def shuffled_step(self):
        self.state = self.one(self.state, self.inputs, self.targets, self.shuffled.next())

    def shuffled_steps(self):
        batches = self.shuffled.several(self.steps_a_call)
        self.state = self.many(self.state, self.inputs, self.targets, batches)
        return self.steps_a_call

    def measure(self, seconds):
        step = self.shuffled_steps if self.scans else self.shuffled_step
        return rate(step, self.size, seconds, self.finish, self.data.batches)
