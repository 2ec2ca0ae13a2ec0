"""Reads event files that our command wrote with TensorBoard's own reader, from PyPI.

    python Reference/check_tensorboard.py .build/release/backprop

1. Every scalar, of every epoch, is the number of the JSON lines of the same run, rounded to float32:
   the same bits; and there is no other scalar.
2. Histograms are [30, 3], their buckets join, and their counts add up to the tensors' elements.
3. The histograms of the best epoch's weights and biases are those that TensorBoard's `histogram_pb`
   makes of the tensors in the saved model: the same bits.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from safetensors.numpy import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.util import tensor_util

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "Examples"
# Training examples on which gradients and δ are measured, at most.
MEASURED = 256


def train(backprop, folder, *arguments):
    """The JSON lines of a run, its event file as TensorBoard reads it, and the tensors."""
    board, model = folder / "board", folder / "model.safetensors"
    result = subprocess.run(
        [backprop, "train", "--recipe", "plain", *map(str, arguments), "--json", "--quiet", "--tensorboard", board,
         "-o", model], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {arguments}\n{result.stderr}")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    accumulator = EventAccumulator(
        str(board), size_guidance={"tensors": 0, "scalars": 0, "histograms": 0})
    accumulator.Reload()
    return lines, accumulator, load_file(model)


def number(value):
    return float(value)  # "NaN" and "Infinity" too


def scalars(epoch):
    """Tag and value of an epoch's line."""
    yield "loss", epoch["loss"]
    yield "dataLoss", epoch["dataLoss"]
    yield from epoch["metrics"].items()
    for name, value in (epoch["validation"] or {}).items():
        yield f"validation/{name}", value
    yield "learningRate", epoch["learningRate"]
    yield "examplesPerSecond", epoch["examplesPerSecond"]


def check(backprop, name, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        lines, board, tensors = train(backprop, pathlib.Path(folder), *arguments)
    start, end = lines[0], lines[-1]
    epochs = [line for line in lines if line.get("event") == "epoch"]
    tags = set(board.Tags()["tensors"])
    found = {tag: board.SummaryMetadata(tag).plugin_data.plugin_name for tag in tags}

    compared = 0
    expected = {}
    for epoch in epochs:
        for tag, value in scalars(epoch):
            expected.setdefault(tag, []).append((epoch["epoch"], np.float32(number(value))))
    assert {tag for tag in tags if found[tag] == "scalars"} == set(expected), sorted(tags)
    for tag, values in expected.items():
        events = board.Tensors(tag)
        assert [e.step for e in events] == [step for step, _ in values], tag
        for event, (_, value) in zip(events, values):
            read = tensor_util.make_ndarray(event.tensor_proto)
            assert read.dtype == np.float32 and read.shape == (), tag
            assert read.tobytes() == value.tobytes(), (tag, event.step, read, value)
            compared += 1

    sizes, histograms = start["sizes"], 0
    measured = min(MEASURED, start["examples"])
    for index, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        counts = {"weights": inputs * outputs, "weightGradient": inputs * outputs,
                  "biases": outputs, "biasGradient": outputs, "delta": measured * outputs}
        for quantity, count in counts.items():
            tag = f"{quantity}/layer{index + 2}"
            assert found.pop(tag) == "histograms", tag
            events = board.Tensors(tag)
            assert [e.step for e in events] == list(range(len(epochs) + 1)), tag
            for event in events:
                rows = tensor_util.make_ndarray(event.tensor_proto)
                assert rows.dtype == np.float64 and rows.shape == (30, 3), tag
                assert (rows[1:, 0] == rows[:-1, 1]).all() and (rows[:, 0] <= rows[:, 1]).all()
                assert rows[:, 2].sum() == count, (tag, event.step, rows[:, 2].sum(), count)
                histograms += 1
        for quantity, tensor in (("weights", "weight"), ("biases", "bias")):
            event = board.Tensors(f"{quantity}/layer{index + 2}")[end["bestEpoch"]]
            own = histogram_pb("own", tensors[f"layers.{index}.{tensor}"]).value[0].tensor
            ours = tensor_util.make_ndarray(event.tensor_proto)
            assert ours.tobytes() == tensor_util.make_ndarray(own).tobytes(), (quantity, index)
    assert set(found.values()) == {"scalars"}, found
    print(f"{name}: TensorBoard reads {compared} scalars and {histograms} histograms, all as they "
          f"should be; the weights of epoch {end['bestEpoch']} to the bit")


def main():
    backprop = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".build/release/backprop")
    backprop = backprop.resolve()
    check(backprop, "classes", EXAMPLES / "penguins.csv", "--target", "species", "--epochs", 30,
          "--l2", 0.001)
    check(backprop, "one number", EXAMPLES / "iris.csv", "--target", "petal_width", "--hidden",
          "9,5", "--activation", "tanh", "--precision", "double", "--validation", 0, "--epochs", 12)
    check(backprop, "many examples", EXAMPLES / "digits.csv", "--target", "digit", "--hidden", "32",
          "--epochs", 3)


if __name__ == "__main__":
    main()
