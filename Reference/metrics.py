"""Metrics of made-up outputs, with and without weights, by scikit-learn.

Outputs are multiples of 1/32 where ties are wanted, else random; probabilities of an example sum to 1
in double. What scikit-learn has not (expected calibration error), or defines otherwise (top-k with
ties, Brier's scale), is either avoided by the data or computed here by NumPy, as the comments say.
"""

import warnings

import numpy as np
import sklearn
from sklearn import metrics

import fixtures


def calibration_error(y, p, w, bins=15):
    """Guo et al. 2017, eq. 3; a loop over bins, where the Swift code loops over examples."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    edges = np.arange(bins + 1) / bins
    total = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            mass = w[inside].sum()
            gap = np.average(right[inside], weights=w[inside]) - np.average(
                confidence[inside], weights=w[inside]) if mass > 0 else 0.0
            total += mass * abs(gap)
    return total / w.sum()


def classification(name, y, p, w, k):
    """p holds a probability for every class; `outputs` of the case is p, or p[:, 1:] of two classes."""
    sample = dict(sample_weight=w) if w is not None else {}
    ones = np.ones(len(y)) if w is None else w
    guess = p.argmax(axis=1)
    classes = p.shape[1]
    values = {
        "accuracy": metrics.accuracy_score(y, guess, **sample),
        "balancedAccuracy": metrics.balanced_accuracy_score(y, guess, **sample),
        "logLoss": metrics.log_loss(y, p, labels=range(classes), **sample),
        "f1": metrics.f1_score(y, guess, average="macro", **sample),
        "mcc": metrics.matthews_corrcoef(y, guess, **sample),
        "ece15": calibration_error(y, p, ones),
    }
    if classes == 2:
        values["brier"] = metrics.brier_score_loss(y, p[:, 1], **sample)
        values["rocAUC"] = metrics.roc_auc_score(y, p[:, 1], **sample)
        values["prAUC"] = metrics.average_precision_score(y, p[:, 1], **sample)
    else:
        # Brier's own scale, the sum over classes.
        values["brier"] = np.average(((p - np.eye(classes)[y]) ** 2).sum(axis=1), weights=ones)
        values[f"top{k}"] = metrics.top_k_accuracy_score(y, p, k=k, labels=range(classes), **sample)
        present = [c for c in range(classes) if (y == c).any()]
        values["rocAUC"] = np.mean([metrics.roc_auc_score(y == c, p[:, c], **sample) for c in present])
        values["prAUC"] = np.mean(
            [metrics.average_precision_score(y == c, p[:, c], **sample) for c in present])
        if len(present) == classes:
            assert abs(values["rocAUC"] - metrics.roc_auc_score(
                y, p, multi_class="ovr", average="macro", **sample)) < 1e-14
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        y, guess, labels=range(classes), zero_division=np.nan, **sample)
    return {
        "name": name, "task": "classification", "outputs": p.tolist(),
        "targets": np.eye(classes)[y].tolist(), "weights": None if w is None else w.tolist(),
        "values": {key: float(value) for key, value in values.items()},
        "precision": [None if v != v else float(v) for v in precision],
        "recall": [None if v != v else float(v) for v in recall],
        "support": [float(v) for v in (np.bincount(y, ones, classes))],
        "confusion": metrics.confusion_matrix(y, guess, labels=range(classes), **sample)
        .astype(float).tolist(),
    }


def regression(name, y, a, w, quantile):
    sample = dict(sample_weight=w) if w is not None else {}
    values = {
        # Ours is the root of the mean over all outputs, not the mean of the outputs' roots.
        "rmse": np.sqrt(metrics.mean_squared_error(y, a, **sample)),
        "mae": metrics.mean_absolute_error(y, a, **sample),
        "r2": metrics.r2_score(y, a, **sample),
        "medianAE": metrics.median_absolute_error(y, a, **sample),
        f"pinball{quantile}": metrics.mean_pinball_loss(y, a, alpha=quantile, **sample),
    }
    return {
        "name": name, "task": "regression", "outputs": a.tolist(), "targets": y.tolist(),
        "weights": None if w is None else w.tolist(),
        "values": {key: float(value) for key, value in values.items()},
        "precision": [], "recall": [], "support": [], "confusion": [],
    }


def probabilities(rng, rows, classes, coarse):
    p = rng.dirichlet(np.ones(classes), rows)
    if not coarse:
        return p / p.sum(axis=1, keepdims=True)
    # Parts of 32, one at least for each class: many ties between examples, none in an example's maximum.
    parts = np.floor(p * (32 - 2 * classes)).astype(int) + 1
    parts[np.arange(rows), p.argmax(axis=1)] += 32 - parts.sum(axis=1)
    return parts / 32


def build():
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(4)
    cases = []
    for classes, coarse in [(2, False), (2, True), (3, True), (7, False)]:
        rows = 61
        p = probabilities(rng, rows, classes, coarse)
        y = np.where(rng.random(rows) < 0.5, p.argmax(axis=1), rng.integers(0, classes, rows))
        w = rng.integers(0, 9, rows) / 4
        label = f"{classes} classes" + (" with ties" if coarse else "")
        cases.append(classification(label, y, p, None, 3))
        cases.append(classification(label + ", weighted", y, p, w, 3))
    # A class that does not occur but is predicted.
    p = probabilities(rng, 25, 4, False)
    y = rng.integers(0, 3, 25)
    p[0] = [0.125, 0.25, 0.125, 0.5]
    cases.append(classification("a class absent", y, p, None, 2))
    for outputs in (1, 2):
        y = rng.normal(size=(50, outputs)) * 3 + 100
        a = y + rng.normal(size=(50, outputs))
        w = rng.integers(0, 9, 50) / 4
        cases.append(regression(f"{outputs} numbers", y, a, None, 0.9))
        cases.append(regression(f"{outputs} numbers, weighted", y, a, w, 0.9))
    balanced = []
    for codes, w in [([0, 1, 1, 1, 2, 2], None), ([0, 0, 1], [0.5, 1.5, 4.0])]:
        from sklearn.utils.class_weight import compute_class_weight
        sample = {} if w is None else dict(sample_weight=np.array(w))
        balanced.append({
            "codes": codes, "weights": w,
            "values": compute_class_weight(
                "balanced", classes=np.unique(codes), y=np.array(codes), **sample).tolist()})
    return {"source": f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}",
            "cases": cases, "balanced": balanced}


fixtures.main("sklearn_metrics.json", build, tolerance=1e-12)
