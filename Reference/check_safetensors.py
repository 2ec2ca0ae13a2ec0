"""Reads models that our command wrote with the `safetensors` package, and predicts with NumPy.

    python Reference/check_safetensors.py .build/release/backprop

1. A trained model opens in `safetensors`; names, shapes and metadata agree with each other.
2. NumPy alone, from the tensors, the CSV file and the definition of the encoder (z = (x - mean) / sd
   over all rows), predicts the same labels and, within 1e-5, the same probabilities.
3. Weights that NumPy wrote as .npz and `safetensors` wrote as .safetensors come back from a model
   that `create` made of them, bit for bit, in Float and in Double.
"""

import csv
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "Examples"


def run(*command):
    result = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))}\n{result.stderr}")
    return result.stdout


def read(path):
    """Tensors by name, and the metadata with its JSON parsed."""
    with safe_open(path, "numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        return tensors, {key: json.loads(value) for key, value in file.metadata().items()}


def check_shapes(tensors, metadata, element):
    layers = metadata["backprop.layers"]
    assert len(tensors) == 2 * len(layers), sorted(tensors)
    for index, layer in enumerate(layers):
        weight, bias = tensors[f"layers.{index}.weight"], tensors[f"layers.{index}.bias"]
        assert weight.shape == (layer["outputs"], layer["inputs"]), weight.shape
        assert bias.shape == (layer["outputs"],), bias.shape
        assert weight.dtype == bias.dtype == element, weight.dtype


def check_trained(backprop, folder):
    model = folder / "iris.safetensors"
    run(backprop, "train", EXAMPLES / "iris.csv", "--target", "species", "--recipe", "plain", "--hidden", "16,8",
        "--activation", "tanh,relu", "--validation", 0, "--epochs", 30, "-o", model)
    tensors, metadata = read(model)
    check_shapes(tensors, metadata, np.float32)
    assert metadata["backprop.format"] == 3
    assert [l["activation"] for l in metadata["backprop.layers"]] == ["tanh", "relu", "softmax"]

    with open(EXAMPLES / "iris.csv") as file:
        rows = list(csv.reader(file))[1:]
    inputs = np.array([[float(v) for v in row[:-1]] for row in rows])
    a = (inputs - inputs.mean(0)) / inputs.std(0)
    for index, layer in enumerate(metadata["backprop.layers"]):
        z = a @ tensors[f"layers.{index}.weight"].T.astype(float) + tensors[f"layers.{index}.bias"]
        if layer["activation"] == "softmax":
            e = np.exp(z - z.max(1, keepdims=True))
            a = e / e.sum(1, keepdims=True)
        else:
            a = np.tanh(z) if layer["activation"] == "tanh" else np.maximum(z, 0)

    found = json.loads(run(backprop, "predict", model, EXAMPLES / "iris.csv", "--json",
                           "--probabilities"))
    assert found["labels"] == ["setosa", "versicolor", "virginica"]
    worst = np.abs(np.array(found["probabilities"]) - a).max()
    assert worst <= 1e-5, worst
    assert found["predictions"] == [found["labels"][c] for c in a.argmax(1)]
    accuracy = np.mean([p == row[-1] for p, row in zip(found["predictions"], rows)])
    print(f"a trained model: {len(rows)} predictions by NumPy alone differ by {worst:.1e} at most "
          f"(accuracy {accuracy:.3f})")


def check_created(backprop, folder):
    source = np.random.default_rng(0)
    sizes = [4, 5, 3]
    for precision, element in (("float", np.float32), ("double", np.float64)):
        weights = {}
        for index, (i, o) in enumerate(itertools.pairwise(sizes)):
            weights[f"layers.{index}.weight"] = source.standard_normal((o, i)).astype(element)
            weights[f"layers.{index}.bias"] = source.standard_normal(o).astype(element)
        np.savez(folder / "stored.npz", **weights)
        np.savez_compressed(folder / "compressed.npz", **weights)
        save_file(weights, folder / "weights.safetensors")
        for name in ("stored.npz", "compressed.npz", "weights.safetensors"):
            model = folder / "created.safetensors"
            run(backprop, "create", "--sizes", ",".join(map(str, sizes)),
                "--activation", "tanh,softmax", "--loss", "cross-entropy",
                "--precision", precision, "--weights", folder / name, "-o", model)
            tensors, metadata = read(model)
            check_shapes(tensors, metadata, element)
            for key, value in weights.items():
                assert value.tobytes() == tensors[key].tobytes(), (name, key)
            model.unlink()
        print(f"weights in {precision} from .npz (stored, compressed) and .safetensors: same bits")


def main():
    backprop = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".build/release/backprop")
    with tempfile.TemporaryDirectory() as folder:
        check_trained(backprop.resolve(), pathlib.Path(folder))
        check_created(backprop.resolve(), pathlib.Path(folder))


if __name__ == "__main__":
    main()
