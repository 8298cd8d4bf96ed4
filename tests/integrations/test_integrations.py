"""Callbacks are found before their framework is imported."""

import subprocess
import sys

import pytest

from gradviz.integrations import VARIABLE, lightning_callbacks


def test_no_framework_is_imported_before_its_callback_is():
    asked = "import sys, gradviz.integrations; gradviz.integrations.lightning_callbacks()"
    program = f"{asked}; print({{'torch', 'lightning', 'transformers'}} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("asked", ["", "0", "False", "no", "OFF"])
def test_nothing_is_added_to_a_trainer_where_the_environment_does_not_ask(asked, monkeypatch):
    monkeypatch.setenv(VARIABLE, asked)
    assert lightning_callbacks() == []


def test_a_file_that_cannot_be_written_is_said_and_the_training_goes_on(monkeypatch):
    pytest.importorskip("lightning")
    monkeypatch.setenv(VARIABLE, "maybe")
    with pytest.warns(RuntimeWarning, match="GRADVIZ=maybe is neither 1 nor a file to write"):
        assert lightning_callbacks() == []
