"""Several processes that train one network together learn what one process learns."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy.testing as npt
import pytest
import several_processes
import torch
from torch import distributed

from sklstm._nn.processes import Processes

HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.skipif(
        not (distributed.is_available() and distributed.is_gloo_available()),
        reason="this build of PyTorch cannot connect processes",
    ),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """Results of each of two processes that train together."""
    folder = tmp_path_factory.mktemp("processes")
    torchrun = "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"
    script = HERE / "several_processes.py"
    subprocess.run(
        [sys.executable, "-W", "ignore", *torchrun, script, folder],
        check=True,
        timeout=600,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.parametrize("name", several_processes.cases())
def test_two_processes_learn_what_one_learns(together, name):
    model, data, method = several_processes.cases()[name]
    model.fit(*data)
    answers = getattr(model, method)(data[0])
    first, second = (part["results"][name] for part in together)
    assert first == second
    npt.assert_allclose(first["losses"], model.loss_curve_, rtol=1e-5)
    if model.validation_loss_curve_ is not None:
        validation = model.validation_loss_curve_
        npt.assert_allclose(first["validation"], validation, rtol=1e-5)
    if isinstance(answers, list):
        assert first["answers"] == [list(answer) for answer in answers]
    else:
        npt.assert_allclose(first["answers"], answers, rtol=1e-3, atol=1e-5)


def test_processes_with_different_rows_are_refused(together):
    for part in together:
        assert "different weights or data" in part["refusal"]


def test_weights_are_the_same_in_all_processes_with_dropout(together):
    first, second = together
    assert first["random"] == second["random"]
    assert first["weights"] == second["weights"]
    assert len(first["random"]) == len(first["weights"]) == 2


def test_shares_are_all_rows_once():
    rows = torch.arange(7)
    shares = [Processes(rank, 3).share(rows) for rank in range(3)]
    assert sorted(torch.cat(shares).tolist()) == list(range(7))
    assert [rows[Processes(rank, 3).share(None)].tolist() for rank in range(3)] == [
        share.tolist() for share in shares
    ]
    assert Processes().share(rows) is rows
