"""Compares `backprop importance` with scikit-learn's `permutation_importance` on rows that took no part.

    python Reference/check_importance.py .build/release/backprop

A model of each of three example sets is trained on two thirds of its rows, and judged on the rest, a file of
its own. scikit-learn permutes the columns as the file has them and asks `backprop predict`; ours permutes
encoded inputs. So a column moves as a whole in both, or they differ. The random numbers are not the same:
every importance must be within 4 standard errors of the difference, and most within 2.
"""

import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from sklearn.inspection import permutation_importance
from sklearn.metrics import r2_score

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "Examples"
OURS, THEIRS = 100, 12


def run(*arguments, text=None):
    result = subprocess.run(list(map(str, arguments)), input=text, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {arguments}\n{result.stderr}")
    return result.stdout


def written(header, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


class Command:
    """The command's predictions, as an estimator has them."""

    def __init__(self, backprop, model, header):
        self.backprop, self.model, self.header = backprop, model, header

    def fit(self, x, y):
        return self

    def answers(self, x):
        return json.loads(run(
            self.backprop, "predict", self.model, "-", "--json", "--quiet",
            text=written(self.header, x.tolist())))


def score_classes(command, x, y):
    answers = command.answers(x)
    code = {label: index for index, label in enumerate(answers["labels"])}
    right = np.array([row[code[label]] for row, label in zip(answers["probabilities"], y)])
    # scikit-learn's log_loss takes no probability for less than 2e-16; ours for less than a Float can be.
    return np.log(np.maximum(right, np.finfo(np.float32).tiny)).mean()


def score_numbers(command, x, y):
    return r2_score(y.astype(float), np.array(command.answers(x)["predictions"], float))


def compare(backprop, folder, name, target, metric, score):
    with open(EXAMPLES / name) as file:
        header, *rows = csv.reader(file)
    rows = [rows[index] for index in np.random.default_rng(3).permutation(len(rows))]
    cut = len(rows) * 2 // 3
    for part, some in (("train", rows[:cut]), ("rest", rows[cut:])):
        (folder / f"{part}.csv").write_text(written(header, some))
    model = folder / "model.safetensors"
    run(backprop, "train", folder / "train.csv", "--target", target, "--recipe", "plain", "--epochs", 60, "--seed", 1,
        "--quiet", "-o", model)
    document = json.loads(run(
        backprop, "importance", model, folder / "rest.csv", "--metric", metric, "--repeats", OURS,
        "--dependence", 0, "--json", "--quiet"))
    assert document["rows"] is None, "rows that took no part"
    at = header.index(target)
    columns = [i for i in range(len(header)) if i != at]
    data = np.array(rows[cut:], dtype=object)
    command = Command(backprop, model, [header[i] for i in columns])
    theirs = permutation_importance(
        command, data[:, columns], data[:, at].astype(str), scoring=score, n_repeats=THEIRS, random_state=0)
    found = {column["name"]: np.array(column["drops"]) for column in document["columns"]}
    misses = []
    for column, drops in zip(command.header, theirs.importances):
        own = found.pop(column, np.zeros(OURS))  # of a column that is no input
        error = np.sqrt(own.var(ddof=1) / OURS + own.var(ddof=1) / THEIRS)
        difference = own.mean() - drops.mean()
        misses.append(abs(difference) / error if error > 0 else (np.inf if abs(difference) > 1e-6 else 0.0))
    assert not found, f"columns that the file has not: {list(found)}"
    print(f"{name}, {target}, {metric}: {len(misses)} columns, the farthest {max(misses):.1f} standard errors")
    if max(misses) > 4 or np.mean(np.array(misses) <= 2) < 0.8:
        sys.exit(f"error: {name}: {dict(zip(command.header, misses))}")


def main():
    backprop = pathlib.Path(sys.argv[1]).resolve()
    for case in (("penguins.csv", "species", "log-loss", score_classes),
                 ("iris.csv", "petal_width", "r2", score_numbers),
                 ("digits.csv", "digit", "log-loss", score_classes)):
        with tempfile.TemporaryDirectory() as folder:
            compare(backprop, pathlib.Path(folder), *case)


main()
