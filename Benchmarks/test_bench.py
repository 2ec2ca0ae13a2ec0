"""What the figures of bench.py rest on, and no figure shows: python -m unittest discover -s Benchmarks"""

import os
import pathlib
import sys
import tempfile
import types
import unittest
from unittest import mock

import numpy as np

from measure.context import Context, Peers, WORKLOADS, clear_tuning
from measure.training import matrix_exponentials, share_data

sys.path.insert(0, str(pathlib.Path(__file__).parent / "peers"))
with mock.patch.dict(os.environ), mock.patch.object(sys, "argv", ["worker.py", "NumPy", "1"]):
    import worker

OPTIONS = types.SimpleNamespace(quick=True, alone=False, resume=False, rounds=1, seconds=0.1,
                                workloads=None, peers=None, curves=None)


class Fairness(unittest.TestCase):
    def test_variables_that_tune_libraries_are_taken_out_and_told(self):
        tuned = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_L2_SIZE": "1024", "OMP_NUM_THREADS": "1"}
        environment = {"PATH": "/bin"} | tuned
        self.assertEqual(clear_tuning(environment), tuned)
        self.assertEqual(environment, {"PATH": "/bin"})

    def test_a_peer_takes_its_own_kernels_whatever_the_environment_names(self):
        def kernels(**variables):
            with tempfile.TemporaryDirectory() as name, mock.patch.dict(os.environ, variables):
                folder = OPTIONS.out = pathlib.Path(name)
                context, workload = Context(OPTIONS, folder), WORKLOADS["W4"]
                share_data(workload, folder)
                Peers(context, ["NumPy"], [1], workload, folder).close()
                self.assertEqual(context.failures, [])
                return context.openblas

        own = kernels()
        if not own:
            self.skipTest("no threadpoolctl, or a NumPy without OpenBLAS")
        self.assertEqual(kernels(OPENBLAS_CORETYPE="Prescott", OPENBLAS_L2_SIZE="1024"), own)

    def test_an_epoch_deals_every_row_once_and_a_batch_of_all_rows_is_dealt_once(self):
        dealt = worker.Shuffled(12, 4)
        first, second = dealt.several(3), dealt.several(3)
        for epoch in first, second:
            self.assertEqual(sorted(epoch.ravel()), list(range(12)))
        self.assertFalse(np.array_equal(first, second))
        whole = worker.Shuffled(12, 12)
        for batch in whole.several(3):
            np.testing.assert_array_equal(batch, whole.order)


class Tasks(unittest.TestCase):
    def test_matrix_exponentials_are_their_series(self):
        rows = np.random.default_rng(1).standard_normal((50, 4), dtype=np.float32)
        a = rows.reshape(-1, 2, 2).astype(np.float64)
        term = total = np.broadcast_to(np.eye(2), a.shape)
        for n in range(1, 60):
            term = term @ a / n
            total = total + term
        np.testing.assert_allclose(matrix_exponentials(rows), total.reshape(-1, 4), rtol=1e-6, atol=1e-6)


if __name__ == "__main__":
    unittest.main()
