"""Changed source stands in the place of files in one process, and a test puts Python back."""

import importlib
import inspect
import linecache
import sys
from importlib.machinery import SourceFileLoader

import pytest

from gradviz.mending.replaced import replace_sources


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module in a file, which is imported as its changed source says."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("get_data", "path_stats"):
        monkeypatch.setattr(SourceFileLoader, name, getattr(SourceFileLoader, name))
    file = tmp_path / "replaced_here.py"
    file.write_text("value = 1\ndef f():\n    return 1\n")
    replace_sources({str(file): b"value = 2\ndef f():\n    return 2\n"})
    yield importlib.import_module("replaced_here")
    sys.modules.pop("replaced_here", None)
    linecache.cache.pop(str(file), None)


def test_an_import_runs_the_changed_source_and_the_file_stays(module):
    assert (module.value, module.f()) == (2, 2)
    with open(module.__file__) as file:
        assert "value = 1" in file.read()


def test_whoever_asks_for_the_source_gets_the_changed_one(module):
    assert "return 2" in inspect.getsource(module.f)


def test_no_byte_code_of_it_is_written(module, tmp_path):
    assert not [*tmp_path.rglob("*.pyc")]
