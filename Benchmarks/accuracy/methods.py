"""One fit of one method on one split, in a process of its own: methods.py REQUEST RESULT, two files of JSON.

A process of its own has its own threads and its own peak of memory, and can be ended when it takes too long. All
methods read the same two CSV files, and all are judged by the same lines, `judge`, from their answers on the test rows.
"""

import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import warnings

BACKPROP = pathlib.Path(__file__).resolve().parents[2] / ".build/release/backprop"

# Ours: a name and the options of `backprop train`.
OURS = {
    "auto": [],
    "auto 1s": ["--time", "1s"],
    "auto 10s": ["--time", "10s"],
    "auto 60s": ["--time", "60s"],
    "plain": ["--recipe", "plain"],
    "realmlp-s": ["--recipe", "realmlp-s"],
    "realmlp-s x5": ["--recipe", "realmlp-s", "--members", "5"],
    "realmlp": ["--recipe", "realmlp"],
    "realmlp x5": ["--recipe", "realmlp", "--members", "5"],
}
# The same without one of its ingredients each: options, and for which tasks they have a meaning.
CLASSES, NUMBERS, ALL = "classes", "numbers", "all"
ABLATION = {
    "one network": (["--members", "1"], ALL),
    "no waves of numbers": ({"network": {"embedNumbers": False}}, ALL),
    "no embeddings of categories": (["--embed-categories", "100000"], ALL),
    "no parametric activation": ({"network": {"parametric": False}}, ALL),
    "no scaling layer": ({"network": {"scaleInputs": False}}, ALL),
    "initial values by the form alone": (["--initializer", "ntk"], ALL),
    "standard scaling of numbers": (["--scaling", "standard"], ALL),
    "no dropout": (["--dropout", "0"], ALL),
    "no dropout of categories": (["--category-dropout", "0"], ALL),
    "cosine schedule": (["--schedule", "cosine"], ALL),
    "no label smoothing": (["--label-smoothing", "0"], CLASSES),
    "predictions not clipped": (["--clip-predictions", "off"], NUMBERS),
}
# Of pytabkit: the class, and what differs from its defaults.
PYTABKIT = {
    "RealMLP-TD-S": ("RealMLP_TD_S", {}),
    "RealMLP-TD": ("RealMLP_TD", {}),
    "RealMLP-TD-S x5": ("RealMLP_TD_S", {"n_cv": 5}),
    "RealMLP-TD x5": ("RealMLP_TD", {"n_cv": 5}),
    "TabM": ("TabM_D", {}),
}
PEERS = ["scikit-learn MLP", "HistGradientBoosting", "LightGBM", "CatBoost", *PYTABKIT]
METHODS = [*OURS, *PEERS]


def options(request, scratch):
    """What the command is given: of an ingredient that the task does not have, nothing."""
    if request["method"] in OURS:
        return OURS[request["method"]]
    given, task = ABLATION[request["method"]]
    if task != ALL and (task == CLASSES) != request["isClassification"]:
        return []
    if isinstance(given, list):
        return given
    path = pathlib.Path(scratch, "settings.json")
    path.write_text(json.dumps(given))
    return ["--config", path]


def judge(truth, answers, labels=None):
    """Of classes (answers: a column of probabilities a label) or of numbers: what the answers are worth."""
    import numpy
    from sklearn.metrics import log_loss, roc_auc_score
    if labels is None:
        return {"error": float(numpy.mean((answers - truth) ** 2) ** 0.5)}
    labels = numpy.asarray(labels)
    answers = answers / answers.sum(axis=1, keepdims=True)
    if len(labels) == 2:
        area = roc_auc_score(truth == labels[1], answers[:, 1])
    else:
        area = roc_auc_score(truth, answers, multi_class="ovr", labels=labels)
    return {"error": 100 * float(numpy.mean(labels[answers.argmax(axis=1)] != truth)),
            "logLoss": float(log_loss(truth, answers, labels=labels)), "rocAUC": float(area)}


def read(path, target, is_classification):
    """Inputs and targets; classes are texts for everyone. Only an empty cell is a missing value: None is a text."""
    import pandas
    frame = pandas.read_csv(path, keep_default_na=False, na_values=[""], float_precision="round_trip",
                            dtype={target: str if is_classification else float})
    return frame.drop(columns=target), frame[target].to_numpy()


def ours(request, folder):
    """The command from start to end, with reading the file and writing the model; then what it predicts."""
    # The libraries come later: a child's peak of memory begins with what its parent had.
    with tempfile.TemporaryDirectory() as scratch:
        model, answers = f"{scratch}/model.safetensors", f"{scratch}/answers.csv"
        common = ["--quiet", "--threads", str(request["threads"])]
        task = ["--task", "classification"] if request["isClassification"] else []
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        run([BACKPROP, "train", folder / "train.csv", "--target", request["target"], "--seed",
             str(request["seed"]), "-o", model, *common, *task, *options(request, scratch)])
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cost = {"seconds": seconds, "memory": after.ru_maxrss / 1024, "processorSeconds":
                after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}
        run([BACKPROP, "predict", model, folder / "test.csv", "-o", answers, *common,
             *(["--probabilities"] if request["isClassification"] else [])])
        import numpy
        import pandas
        found = pandas.read_csv(answers, keep_default_na=False, dtype={"prediction": str})
    _, truth = read(folder / "test.csv", request["target"], request["isClassification"])
    if not request["isClassification"]:
        return judge(truth, found["prediction"].to_numpy(numpy.float64)) | cost
    labels = list(found.columns[1:])
    return judge(truth, found[labels].to_numpy(numpy.float64), labels) | cost


def run(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)


def filled(x, x_test, numbers, texts):
    """Missing numbers as the mean of the training rows, missing texts as a category of their own."""
    means = x[numbers].mean()
    return [frame.fillna(means).assign(**{c: frame[c].fillna("missing") for c in texts}) for frame in (x, x_test)]


def scikit_mlp(request, x, x_test, numbers, texts):
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    kind = MLPClassifier if request["isClassification"] else MLPRegressor
    model = make_pipeline(
        make_column_transformer((StandardScaler(), numbers),
                                (OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts)),
        kind(random_state=request["seed"]))
    if not request["isClassification"]:
        # With its targets as they are it is lost on prices: it begins at 0, and ends after 200 epochs.
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return model, *filled(x, x_test, numbers, texts)


def as_categories(x, x_test, texts):
    import pandas
    kinds = {c: pandas.CategoricalDtype(sorted(x[c].dropna().unique())) for c in texts}
    return x.astype(kinds), x_test.astype(kinds)


def hist_gradient_boosting(request, x, x_test, numbers, texts):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    kind = HistGradientBoostingClassifier if request["isClassification"] else HistGradientBoostingRegressor
    model = kind(categorical_features="from_dtype", random_state=request["seed"])
    return model, *as_categories(x, x_test, texts)


def lightgbm(request, x, x_test, numbers, texts):
    from lightgbm import LGBMClassifier, LGBMRegressor
    kind = LGBMClassifier if request["isClassification"] else LGBMRegressor
    model = kind(random_state=request["seed"], n_jobs=request["threads"], verbose=-1)
    return model, *as_categories(x, x_test, texts)


def catboost(request, x, x_test, numbers, texts):
    from catboost import CatBoostClassifier, CatBoostRegressor
    kind = CatBoostClassifier if request["isClassification"] else CatBoostRegressor
    model = kind(random_seed=request["seed"], thread_count=request["threads"], verbose=False, cat_features=texts,
                 allow_writing_files=False)
    return model, *(f.assign(**{c: f[c].fillna("missing") for c in texts}) for f in (x, x_test))


def pytabkit(request, x, x_test, numbers, texts):
    import pytabkit as package
    # Which it imports when it fits; that is no part of the fit.
    import pytorch_lightning  # noqa: F401
    name, settings = PYTABKIT[request["method"]]
    kind = getattr(package, name + ("_Classifier" if request["isClassification"] else "_Regressor"))
    model = kind(device="cpu", random_state=request["seed"], n_threads=request["threads"], **settings)
    x, x_test = filled(x, x_test, numbers, texts)
    return model, *(f.astype({c: "category" for c in texts}) for f in (x, x_test))


BUILDERS = {"scikit-learn MLP": scikit_mlp, "HistGradientBoosting": hist_gradient_boosting, "LightGBM": lightgbm,
            "CatBoost": catboost} | dict.fromkeys(PYTABKIT, pytabkit)


def peer(request, folder):
    import pandas
    target, is_classification = request["target"], request["isClassification"]
    x, y = read(folder / "train.csv", target, is_classification)
    x_test, truth = read(folder / "test.csv", target, is_classification)
    texts = [c for c in x.columns if not pandas.api.types.is_numeric_dtype(x[c])]
    numbers = [c for c in x.columns if c not in texts]
    model, x, x_test = BUILDERS[request["method"]](request, x, x_test, numbers, texts)
    start, busy = time.perf_counter(), time.process_time()
    model.fit(x, y)
    cost = {"seconds": time.perf_counter() - start, "processorSeconds": time.process_time() - busy,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    if is_classification:
        return judge(truth, model.predict_proba(x_test), list(model.classes_)) | cost
    return judge(truth, model.predict(x_test).reshape(-1)) | cost


def main():
    warnings.filterwarnings("ignore")
    request = json.loads(pathlib.Path(sys.argv[1]).read_text())
    found = (peer if request["method"] in PEERS else ours)(request, pathlib.Path(request["folder"]))
    pathlib.Path(sys.argv[2]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
