"""What the figures of bench.py rest on, and no figure shows: python -m unittest discover -s Benchmarks"""

import os
import pathlib
import tempfile
import types
import unittest
from unittest import mock

from measure.context import Context, Peers, WORKLOADS, clear_tuning
from measure.training import share_data

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


if __name__ == "__main__":
    unittest.main()
