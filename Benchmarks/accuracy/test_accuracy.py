"""What the tables of accuracy.py rest on: python -m unittest discover -s Benchmarks/accuracy"""

import argparse
import gzip
import json
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import accuracy
import methods
import report
import sets

try:
    import pandas
    import sklearn
except ImportError:
    sklearn = None
NEEDS_LIBRARIES = unittest.skipUnless(sklearn, "needs scikit-learn and pandas, which .venv-accuracy has")


def record(name, method, error, seed=0, **fields):
    return {"set": name, "seed": seed, "method": method, "error": error, "logLoss": 0.5, "rocAUC": 0.9,
            "seconds": 1.0, "memory": 100.0} | fields


class RelativeErrors(unittest.TestCase):
    def test_class_errors_are_lifted_by_half_a_percent(self):
        self.assertEqual(report.relative(0, 0, True), 1)
        self.assertAlmostEqual(report.relative(9.5, 19.5, True), 0.5)
        self.assertEqual(report.relative(2, 4, False), 0.5)

    def test_geometric_mean(self):
        self.assertAlmostEqual(report.geometric_mean([0.5, 2]), 1)

    def test_errors_are_means_over_the_seeds_before_they_are_divided(self):
        found = [record("german", "plain", 19.5), record("german", "plain", 21.5, 1),
                 record("german", "LightGBM", 9.5), record("german", "LightGBM", 9.5, 1),
                 record("ames", "plain", 300), record("ames", "LightGBM", 200),
                 record("ames", "plain", 500, 1), record("ames", "LightGBM", 400, 1)]
        summary = report.Summary(found, ["german", "ames"], ["plain", "LightGBM"], [0, 1])
        # (20.5 + 0.5) / (9.5 + 0.5) = 2.1 and 400 / 300; √(2.1 · 4/3) = √2.8
        self.assertAlmostEqual(summary.relative_error("plain"), 2.8 ** 0.5)
        self.assertEqual((summary.rank("plain"), summary.rank("LightGBM")), (2, 1))
        self.assertEqual((summary.normalised("plain"), summary.normalised("LightGBM")), (0, 1))
        # The standard deviation of 19.5 and 21.5 is √2, its error √2 / √2.
        self.assertIn("| german, % | 20.5 ± 1 | 9.5 ± 0 |", report.page(summary))

    def test_a_method_that_lacks_a_split_is_compared_on_what_it_has_and_has_no_rank(self):
        found = [record("german", "plain", 19.5), record("german", "LightGBM", 9.5), record("ames", "LightGBM", 200),
                 {"set": "ames", "seed": 0, "method": "plain", "over": 180.0}]
        summary = report.Summary(found, ["german", "ames"], ["plain", "LightGBM"], [0])
        self.assertAlmostEqual(summary.relative_error("plain"), 2)
        self.assertEqual((summary.rank("plain"), summary.rank("LightGBM")), (None, 1))
        self.assertIn("plain on ames, seed 0 (180 s)", report.page(summary))

    def test_equals_share_a_rank(self):
        found = [record("ames", m, e) for m, e in (("plain", 2), ("CatBoost", 2), ("LightGBM", 3))]
        summary = report.Summary(found, ["ames"], ["plain", "CatBoost", "LightGBM"], [0])
        self.assertEqual([summary.rank(m) for m in summary.methods], [1.5, 1.5, 3])

    def test_without_lightgbm_there_are_the_sets_and_no_sums(self):
        summary = report.Summary([record("ames", "plain", 2)], ["ames"], ["plain"], [0])
        self.assertIn("| ames, RMSE | 2 |", report.page(summary))
        self.assertNotIn("mean rank", report.page(summary))


class Runs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "accuracy.jsonl"

    def run_all(self, *options, found=None, build="a", of="LightGBM,CatBoost"):
        """What was measured, of two sets and seeds, with a fit that finds the same each time."""
        asked = []

        def fit(request, limit):
            asked.append((pathlib.Path(request["folder"]).name, request["seed"], request["method"]))
            if found and len(asked) > found:
                raise KeyboardInterrupt
            return {"error": 1.0, "seconds": 1.0}

        arguments = ["accuracy.py", "--sets", "ames,german", "--seeds", "0,1", "--methods", of, "--out",
                     str(self.folder), *options]
        with mock.patch.object(sys, "argv", arguments), mock.patch.object(accuracy, "fit", fit), \
                mock.patch.object(accuracy, "files", lambda name, seed, cache: cache / name), \
                mock.patch.object(accuracy, "build_of_ours", lambda: build), \
                mock.patch.object(os, "access", lambda *_: True), \
                mock.patch.object(report, "picture"), mock.patch("builtins.print"):
            try:
                accuracy.main()
            except KeyboardInterrupt:
                asked.pop()
        return asked

    def test_a_run_that_was_ended_goes_on_where_it_stopped(self):
        first = self.run_all(found=3)
        self.assertEqual(len(self.path.read_text().splitlines()), 3)
        # Ended while it wrote a line.
        self.path.write_text(self.path.read_text() + '{"set": "german", "se')
        second = self.run_all()
        self.assertEqual(first + second, [(s, seed, m) for s in ("ames", "german") for seed in (0, 1)
                                          for m in ("LightGBM", "CatBoost")])
        self.assertEqual(self.run_all(), [])
        for line in self.path.read_text().splitlines():
            json.loads(line)

    def test_again_measures_a_method_anew_and_keeps_the_others(self):
        self.run_all()
        self.assertEqual({m for _, _, m in self.run_all("--again", "catboost")}, {"CatBoost"})
        self.assertEqual(len(self.path.read_text().splitlines()), 8)

    def test_another_build_of_ours_is_measured_again_where_it_is_asked_for(self):
        both = "plain,LightGBM"
        self.assertEqual(len(self.run_all(of=both)), 8)
        self.assertEqual(self.run_all(of=both), [])
        self.assertEqual(self.run_all(of="LightGBM", build="b"), [])
        self.assertEqual(self.run_all(of=both), [])
        self.assertEqual({m for _, _, m in self.run_all(of=both, build="b")}, {"plain"})
        self.assertEqual(len(self.path.read_text().splitlines()), 8)

    def test_what_took_too_long_is_tried_again_only_with_more_time(self):
        results = accuracy.Results(self.path)
        results.add({"set": "ames", "seed": 0, "method": "TabM", "over": 60.0})
        self.assertTrue(results.has("ames", 0, "TabM", 60))
        self.assertFalse(results.has("ames", 0, "TabM", 120))
        self.assertFalse(results.has("ames", 0, "TabM"))

    def test_names_are_taken_in_any_case_and_groups_stand_for_their_own(self):
        self.assertEqual(accuracy.methods_named("ours,lightgbm,LightGBM"), [*methods.OURS, "LightGBM"])
        with self.assertRaises(argparse.ArgumentTypeError):
            accuracy.methods_named("forest")


@NEEDS_LIBRARIES
class Splits(unittest.TestCase):
    def test_a_fifth_judges_by_class_and_no_row_is_on_both_sides(self):
        frame = pandas.DataFrame({"x": range(100), "target": ["a"] * 80 + ["b"] * 20})
        train, test = sets.split(frame, "target", True, 1)
        self.assertEqual(sorted([*train["x"], *test["x"]]), list(range(100)))
        self.assertEqual(dict(test["target"].value_counts()), {"a": 16, "b": 4})
        self.assertTrue(sets.split(frame, "target", True, 1)[1].equals(test))
        self.assertFalse(sets.split(frame, "target", True, 2)[1].equals(test))

    def test_splits_are_written_once_and_read_as_they_were(self):
        frame = pandas.DataFrame({"x": [0.1 + 0.2, None, 3, 4, 5], "kind": ["None", "NA", "", "b", None],
                                  "target": [1, 2, 1, 2, 1]})
        with tempfile.TemporaryDirectory() as name, mock.patch.object(sets, "load", lambda _: frame), \
                mock.patch.object(sets, "split", lambda frame, *_: (frame, frame[:2])):
            folder = sets.files("german", 0, pathlib.Path(name))
            self.assertEqual(sorted(p.name for p in folder.parent.iterdir()), ["seed0"])
            with mock.patch.object(sets, "split", side_effect=AssertionError):
                self.assertEqual(sets.files("german", 0, pathlib.Path(name)), folder)
            x, y = methods.read(folder / "train.csv", "target", True)
        self.assertEqual((x["x"][0], x["x"].isna().sum()), (0.1 + 0.2, 1))
        self.assertEqual(list(x["kind"][:2]), ["None", "NA"])
        self.assertEqual(list(y), ["1", "2", "1", "2", "1"])

    def test_pictures_are_rows_of_pixels_behind_the_headers_of_idx_files(self):
        with tempfile.TemporaryDirectory() as name:
            with self.assertRaises(sets.MissingSet):
                sets.read_pictures(name)
            for part, labels in ("train", b"\x07\x09"), ("t10k", b"\x03"):
                (pathlib.Path(name) / f"{part}-labels-idx1-ubyte").write_bytes(bytes(8) + labels)
                (pathlib.Path(name) / f"{part}-images-idx3-ubyte.gz").write_bytes(
                    gzip.compress(bytes(16) + bytes(range(250, 250 + 2 * len(labels)))))
            train, test = sets.read_pictures(name)
        self.assertEqual(train.values.tolist(), [[250, 251, 7], [252, 253, 9]])
        self.assertEqual(test.values.tolist(), [[250, 251, 3]])


@NEEDS_LIBRARIES
class Judgement(unittest.TestCase):
    def test_of_classes_and_of_numbers(self):
        import numpy
        found = methods.judge(numpy.array(["a", "b", "b", "a"]),
                              numpy.array([[0.8, 0.2], [0.4, 0.6], [0.6, 0.4], [0.7, 0.3]]), ["a", "b"])
        # One of four is wrong; both of b are likelier to be b than both of a.
        self.assertEqual((found["error"], found["rocAUC"]), (25, 1))
        self.assertAlmostEqual(found["logLoss"], -numpy.log([0.8, 0.6, 0.4, 0.7]).mean())
        self.assertAlmostEqual(methods.judge(numpy.array([1.0, 2]), numpy.array([4.0, 6]))["error"], 12.5 ** 0.5)


if __name__ == "__main__":
    unittest.main()
