"""Writes the data sets of Examples/ from where they are published.

    python Reference/examples.py            (needs scikit-learn; penguins: a Debian package)

penguins.csv is the file that Debian's r-cran-palmerpenguins installs, byte for byte. iris.csv and
digits.csv are scikit-learn's copies with a header and, for iris, the labels as text. Nothing is
rounded, sorted or left out.
"""

import csv
import pathlib
import shutil

from sklearn.datasets import load_digits, load_iris

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "Examples"
PENGUINS = pathlib.Path("/usr/lib/R/site-library/palmerpenguins/extdata/penguins.csv")


def write(name, header, rows):
    with open(EXAMPLES / name, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main():
    if PENGUINS.exists():
        shutil.copyfile(PENGUINS, EXAMPLES / "penguins.csv")
    else:
        print("penguins.csv left as it is: apt-get install r-cran-palmerpenguins brings its source")

    iris = load_iris()
    write(
        "iris.csv",
        ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"],
        [[*map(float, x), str(iris.target_names[y])] for x, y in zip(iris.data, iris.target)],
    )

    digits = load_digits()
    write(
        "digits.csv",
        [f"p{i}" for i in range(64)] + ["digit"],
        [[*map(int, x), int(y)] for x, y in zip(digits.data, digits.target)],
    )

    write("xor.csv", ["a", "b", "y"], [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])


if __name__ == "__main__":
    main()
