#!/usr/bin/env python3
"""What a category that training did not see costs, with each level of a column hidden in turn.

    Reference/unknown_levels.py [BACKPROP]

Three tables, five seeds. For every level: a model learns from the other levels and is judged (RMSE) on rows
of the hidden level and on rows of known levels that it did not learn from; another one does without the column.

- matters: y = 3x + the level's own amount + noise
- idle: y = 3x + noise; the column says nothing
- penguins: body_mass_g of Examples/penguins.csv from the measures and species, whose levels are hidden
"""

import csv
import json
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BACKPROP = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / ".build/release/backprop")


def synthetic(amounts, seed):
    source = random.Random(seed)
    rows = []
    for _ in range(600):
        level = source.choice(list(amounts))
        x = source.uniform(-1, 1)
        rows.append({"x": f"{x:.4f}", "level": level,
                     "y": f"{3 * x + amounts[level] + source.gauss(0, 0.3):.4f}"})
    return rows


def penguins(seed):
    with open(ROOT / "Examples/penguins.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["body_mass_g"] != "NA"]
    random.Random(seed).shuffle(rows)
    return [{name: row[name] for name in
             ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "species", "body_mass_g")}
            for row in rows]


TABLES = {
    "matters": ("level", "y", lambda seed: synthetic({"a": 0, "b": 2, "c": -1, "d": 1}, seed)),
    "idle": ("level", "y", lambda seed: synthetic({"a": 0, "b": 0, "c": 0, "d": 0}, seed)),
    "penguins": ("species", "body_mass_g", penguins),
}


def write(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def rmse(folder, training, target, seed, tests, ignored=None):
    write(folder / "t.csv", training)
    model = folder / "m.safetensors"
    subprocess.run(
        [BACKPROP, "train", folder / "t.csv", "--target", target, "--recipe", "plain", "--seed", str(seed), "--quiet", "-o", model]
        + (["--ignore", ignored] if ignored else []), check=True, capture_output=True)
    errors = []
    for rows in tests:
        write(folder / "v.csv", rows)
        found = subprocess.run([BACKPROP, "evaluate", model, folder / "v.csv", "--json"], check=True,
                               capture_output=True, text=True).stdout
        errors.append(json.loads(found)["metrics"]["rmse"])
    return errors


def main():
    print(f"{'table':10}{'level':12}{'unseen':>10}{'without':>10}{'known':>10}{'unseen/without':>16}{'unseen/known':>14}")
    for name, (column, target, make) in TABLES.items():
        levels = sorted({row[column] for row in make(0)})
        for level in levels:
            sums = [0.0, 0.0, 0.0]
            for seed in range(5):
                rows = make(seed)
                hidden = [row for row in rows if row[column] == level]
                others = [row for row in rows if row[column] != level]
                cut = len(others) * 4 // 5
                with tempfile.TemporaryDirectory() as path:
                    folder = pathlib.Path(path)
                    unseen, known = rmse(folder, others[:cut], target, seed, [hidden, others[cut:]])
                    (without,) = rmse(folder, others[:cut], target, seed, [hidden], ignored=column)
                for place, error in enumerate((unseen, without, known)):
                    sums[place] += error / 5
            unseen, without, known = sums
            print(f"{name:10}{level:12}{unseen:10.4g}{without:10.4g}{known:10.4g}"
                  f"{unseen / without:16.2f}{unseen / known:14.2f}", flush=True)


main()
