"""Writes the worked examples of Examples/: weights for `backprop create --weights`, and their data.

    python Reference/examples_npz.py            (needs NumPy)

The numbers are those of the fixtures mazur.json and nielsen_neuron.json, so that the command shows
what the tests hold.
"""

import json
import pathlib

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLES, FIXTURES = ROOT / "Examples", ROOT / "Tests" / "BackpropTests" / "Fixtures"


def write(name, header, network, decimals):
    """NAME.npz with the weights before the step, NAME.csv with the example."""
    arrays = {}
    for layer, (weights, biases) in enumerate(zip(network["weights"], network["biases"])):
        arrays[f"layers.{layer}.weight"] = numpy.array(weights, numpy.float64)
        arrays[f"layers.{layer}.bias"] = numpy.array(biases, numpy.float64)
    numpy.savez(EXAMPLES / f"{name}.npz", **arrays)
    row = network["inputs"][0] + network["targets"][0]
    cells = ",".join(f"{value:.{decimals}f}" for value in row)
    (EXAMPLES / f"{name}.csv").write_text(f"{header}\n{cells}\n")


def main():
    write("mazur", "x1,x2,o1,o2", json.loads((FIXTURES / "mazur.json").read_text()), 2)
    neurons = json.loads((FIXTURES / "nielsen_neuron.json").read_text())["cases"]
    saturated = next(case for case in neurons if case["biases"] == [[2.0]])
    write("one-neuron", "x,y", saturated, 0)


if __name__ == "__main__":
    main()
