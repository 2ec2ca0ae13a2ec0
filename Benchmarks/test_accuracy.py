"""What the table of accuracy.py rests on."""

import unittest

import accuracy


class RelativeErrors(unittest.TestCase):
    def test_class_errors_are_lifted_by_half_a_percent(self):
        self.assertEqual(accuracy.relative(0, 0, True), 1)
        self.assertAlmostEqual(accuracy.relative(9.5, 19.5, True), 0.5)
        self.assertEqual(accuracy.relative(2, 4, False), 0.5)

    def test_geometric_mean(self):
        self.assertAlmostEqual(accuracy.geometric_mean([0.5, 2]), 1)

    def test_table_compares_only_what_all_methods_have(self):
        def record(name, method, error, seed=0):
            return {"set": name, "seed": seed, "method": method, "error": error, "logLoss": 0.5, "seconds": 1.0}
        records = [record("german", "plain", 19.5), record("german", "LightGBM", 9.5),
                   record("german", "plain", 21.5, 1), record("german", "LightGBM", 9.5, 1),
                   record("ames", "plain", 100)]
        lines = accuracy.table(records, ["plain", "LightGBM"]).splitlines()
        self.assertIn("| german, % | 20.5 ± 1 | 9.5 ± 0 |", lines)
        self.assertIn("| ames, RMSE | 100 | – |", lines)
        self.assertIn("| error relative to LightGBM | 2.100 | 1.000 |", lines)
        self.assertIn("| mean rank | 2.0 | 1.0 |", lines)


if __name__ == "__main__":
    unittest.main()
