"""What holds for the whole suite."""

import compileall
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings

# Pytest rewrites the asserts of what brings a plugin, which takes seconds, and gradviz has few
for finder in sys.meta_path:
    getattr(finder, "_must_rewrite", set()).discard("gradviz")

import gradviz  # noqa: E402
import warm  # noqa: E402
from gradviz import cli  # noqa: E402

# A busy machine is no failure
settings.register_profile("gradviz", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gradviz")

# Tests run beside each other, and a program on every core at once waits for the others
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How wide a terminal is, and what colours its user wants, is no matter of what is written here
for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(name, None)

# A worker has none, and its code counts as typed at a prompt
vars(sys.modules["__main__"]).setdefault("__file__", __file__)


def pytest_sessionstart(session):
    """Have gradviz compiled: where Python keeps nothing, each process would do it anew."""
    if not hasattr(session.config, "workerinput"):
        compileall.compile_dir(Path(gradviz.__file__).parent, quiet=2)


def pytest_collection_finish():
    """Many a test has all garbage collected; what was there before any test is none."""
    warm.hide_from_the_collector()


def pytest_collection_modifyitems(items):
    """Whole scripts come first: a long test that began last would keep one worker alone."""
    items.sort(key=lambda item: "scripts" not in item.path.stem)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Have each worker run tests that stand together: what a file needs is made once, not by all."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


@pytest.fixture
def warm_processes(monkeypatch):
    """Have a script that gradviz starts for a report begin in a fork that has imported torch."""
    monkeypatch.setattr("gradviz.running.steps.subprocess", SimpleNamespace(run=warm.run))


@pytest.fixture(autouse=True)
def put_back():
    """Put back ``__main__``, in whose place a shell of IPython puts its own, what Python calls for
    an error that ends it, in whose place a process group of torch does, and the folders that
    modules are looked for in, to which gradviz adds that of a step.
    """
    main, excepthook, folders = sys.modules["__main__"], sys.excepthook, list(sys.path)
    yield
    sys.modules["__main__"], sys.excepthook, sys.path[:] = main, excepthook, folders


@pytest.fixture
def run(capsys):
    """Run the command here and now: its exit status, standard output and standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        return stopped.value.code, *capsys.readouterr()

    return run


def pytest_sessionfinish() -> None:
    """Save what coverage has counted: a worker may be ended before it comes to that itself."""
    coverage = sys.modules.get("coverage")
    if coverage is not None and (counting := coverage.Coverage.current()) is not None:
        counting.save()
