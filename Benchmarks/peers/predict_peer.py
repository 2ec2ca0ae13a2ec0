"""Inference by the peers: calls of one batch, one after the other."""

import time

import numpy as np


def skips(library, workload):
    return None


def network(data):
    return list(zip(data.weights, data.biases))


def numpy_function(data, threads):
    layers = [(np.ascontiguousarray(w.T), b) for w, b in network(data)]

    def predict(x):
        for index, (w, b) in enumerate(layers):
            x = x @ w + b
            if index < len(layers) - 1:
                np.maximum(x, 0, out=x)
        if data.is_classes:
            x = np.exp(x - x.max(axis=1, keepdims=True))
            x /= x.sum(axis=1, keepdims=True)
        return x

    return predict


def torch_function(data, threads):
    import torch
    torch.set_num_threads(threads)
    layers = []
    for w, b in network(data):
        linear = torch.nn.Linear(w.shape[1], w.shape[0])
        linear.weight.data, linear.bias.data = torch.from_numpy(w), torch.from_numpy(b)
        layers += [linear, torch.nn.ReLU()]
    layers[-1] = torch.nn.Softmax(dim=1) if data.is_classes else torch.nn.Identity()
    model = torch.nn.Sequential(*layers).eval()

    def predict(x):
        with torch.inference_mode():
            return model(torch.from_numpy(x)).numpy()

    return predict


def jax_function(data, threads):
    import jax
    import jax.numpy as jnp
    layers = [(jnp.asarray(w.T), jnp.asarray(b)) for w, b in network(data)]

    @jax.jit
    def run(layers, x):
        for index, (w, b) in enumerate(layers):
            x = x @ w + b
            if index < len(layers) - 1:
                x = jax.nn.relu(x)
        return jax.nn.softmax(x) if data.is_classes else x

    return lambda x: np.asarray(run(layers, x))


def scikit_function(data, threads):
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    sizes = [w.shape[1] for w in data.weights] + [len(data.biases[-1])]
    kind = MLPClassifier if data.is_classes else MLPRegressor
    model = kind(hidden_layer_sizes=sizes[1:-1], max_iter=1)
    y = data.labels[:64] if data.is_classes else data.targets[:64, 0]
    if data.is_classes:
        model.partial_fit(data.inputs[:64], y, classes=np.arange(sizes[-1]))
    else:
        model.partial_fit(data.inputs[:64], y)
    model.coefs_ = [np.ascontiguousarray(w.T) for w in data.weights]
    model.intercepts_ = [b for b in data.biases]
    if data.is_classes:
        return model.predict_proba
    return lambda x: model.predict(x)[:, None]


def onnx_function(data, threads):
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
    nodes, constants, name = [], [], "x"
    for index, (w, b) in enumerate(network(data)):
        constants += [numpy_helper.from_array(w, f"w{index}"), numpy_helper.from_array(b, f"b{index}")]
        nodes.append(helper.make_node("Gemm", [name, f"w{index}", f"b{index}"], [f"z{index}"],
                                      transB=1))
        name = f"z{index}"
        if index < len(data.weights) - 1:
            nodes.append(helper.make_node("Relu", [name], [f"a{index}"]))
            name = f"a{index}"
    if data.is_classes:
        nodes.append(helper.make_node("Softmax", [name], ["y"], axis=1))
        name = "y"
    value = lambda n, width: helper.make_tensor_value_info(n, TensorProto.FLOAT, ["m", width])
    graph = helper.make_graph(nodes, "mlp", [value("x", data.inputs.shape[1])],
                              [value(name, data.targets.shape[1])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x})[0]


FUNCTIONS = {"onnxruntime": onnx_function, "PyTorch predict": torch_function,
             "JAX predict": jax_function, "NumPy predict": numpy_function,
             "scikit-learn predict": scikit_function}


class Peer:
    def __init__(self, library, workload, data, threads):
        self.predict, self.size = FUNCTIONS[library](data, threads), workload["batch"]
        self.inputs = data.inputs
        self.predict(self.inputs[:self.size])

    def measure(self, seconds):
        # Threads have slept, and caches hold others' data.
        end = time.perf_counter() + 0.1
        while time.perf_counter() < end:
            self.predict(self.inputs[:self.size])
        times, at, end = [], 0, time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 3:
            if at + self.size > len(self.inputs):
                at = 0
            x = self.inputs[at:at + self.size]
            start = time.perf_counter()
            self.predict(x)
            times.append(time.perf_counter() - start)
            at += self.size
        times.sort()
        outputs = np.asarray(self.predict(self.inputs[:self.size]), np.float64)
        return {"median": times[len(times) // 2], "p99": times[len(times) * 99 // 100],
                "outputs": outputs.ravel().tolist()}
