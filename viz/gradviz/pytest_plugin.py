"""The pytest plugin: options, the fixture ``gradients``, the page of a failure.

It imports torch only where a test uses it.

pytest loads it through its entry point; ``-p no:gradviz`` leaves it out, and the assertions work
without it.
"""

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

import gradviz
from gradviz.errors import GradvizError, TraceError
from gradviz.expecting.expectations import expect
from gradviz.tracing import assertions

if TYPE_CHECKING:
    from collections.abc import Generator

    from gradviz.expecting.expectations import Patterns
    from gradviz.judging.model_names import Model
    from gradviz.reports import Report
    from gradviz.tracing.trace import Optimizers, Trace


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("gradviz", "gradients of PyTorch models")
    group.addoption(
        "--gradviz-update",
        action="store_true",
        help="Write the graph shapes that the tests ask for anew.",
    )
    group.addoption(
        "--gradviz-report",
        metavar="DIR",
        help="Write a page that explains it for every test whose gradients are not as expected.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to take note of the shapes that this run asks for."""
    config.pluginmanager.register(_Run(config), "gradviz-run")


class _Run:
    """What one run of tests needs to remember."""

    def __init__(self, config: pytest.Config) -> None:
        folder = config.getoption("--gradviz-report")
        self._folder = Path(config.invocation_params.dir, folder) if folder else None
        self._before = assertions.snapshots
        self._snapshots = assertions.snapshots = assertions.Snapshots(
            update=config.getoption("--gradviz-update")
        )
        self._selected = False

    def pytest_unconfigure(self) -> None:
        assertions.snapshots = self._before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: "pytest.CallInfo[None]"
    ) -> "Generator[None, pytest.TestReport, pytest.TestReport]":
        report = yield
        error = call.excinfo.value if call.excinfo else None
        if self._folder is not None and isinstance(error, assertions.UnexpectedGradientsError):
            name = re.sub(r"[^\w.-]+", "-", item.nodeid).strip("-")
            page = self._folder / f"{name}.html"
            try:
                with suppress(OSError):  # then the page says why
                    self._folder.mkdir(parents=True, exist_ok=True)
                error.report.to_html(page)
            except GradvizError as reason:  # the test's own failure is still to be told
                report.sections.append(("gradviz", f"There is no page: {reason}"))
            else:
                report.sections.append(("gradviz", f"The report as a page: {page}"))
                report.user_properties.append(("gradviz", str(page)))
        return report

    def pytest_deselected(self) -> None:
        self._selected = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker of pytest-xdist has noted."""
        used, written = getattr(node, "workeroutput", {}).get("gradviz", ((), ()))
        self._snapshots.used.update(map(Path, used))
        self._snapshots.written.update(map(Path, written))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            noted = (self._snapshots.used, self._snapshots.written)
            session.config.workeroutput["gradviz"] = tuple(
                [str(path) for path in sorted(paths)] for paths in noted
            )

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Say which shapes were written, and which nothing asked for any more."""
        written, unused = sorted(self._snapshots.written), self._unused(config)
        if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
            unused = []  # a test that stopped early may have been about to ask
        if written or unused:
            terminalreporter.section("gradviz")
        for path in written:
            terminalreporter.line(f"wrote {_short(path, config)}")
        for path in unused:
            terminalreporter.line(f"no test that ran used {_short(path, config)}")

    def _unused(self, config: pytest.Config) -> list[Path]:
        """Return the shapes beside those in use that nothing asked for.

        None where only a part of the tests was run.
        """
        whole = not self._selected and all(
            Path(config.invocation_params.dir, argument).is_dir() for argument in config.args
        )
        folders = {path.parent for path in self._snapshots.used} if whole else set()
        return sorted(
            {path for folder in folders for path in folder.glob("*.txt")} - self._snapshots.used
        )


def _short(path: Path, config: pytest.Config) -> Path:
    return path.relative_to(config.rootpath) if path.is_relative_to(config.rootpath) else path


class Gradients:
    """Traces blocks of a test.

    ``with gradients:`` around the step, then ``gradients.check(loss, model, frozen="backbone.*")``.
    """

    def __init__(self) -> None:
        self._trace: Trace | None = None

    def __enter__(self) -> Self:
        self._trace = gradviz.trace()
        self._trace.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._trace is not None:
            self._trace.__exit__(*error)

    def __repr__(self) -> str:
        return f"<gradients of {'nothing yet' if self._trace is None else 'a traced block'}>"

    def report(
        self, loss: Any, model: "Model | None" = None, optimizer: "Optimizers" = None
    ) -> "Report":
        """Return the report on a loss of the last block. See :meth:`gradviz.Trace.report`.

        Raises:
            TraceError: There was no block.
        """
        if self._trace is None:
            raise TraceError(
                "nothing was traced yet: run the step inside 'with gradients:', then ask about its"
                " loss"
            )
        return self._trace.report(loss, model, optimizer, backward=True)

    def check(
        self,
        loss: Any,
        model: "Model | None" = None,
        *,
        reached: "Patterns" = None,
        frozen: "Patterns" = None,
        cut: "Patterns" = None,
        unused: "Patterns" = None,
        zero: "Patterns" = None,
        partial: "Patterns" = None,
        trains: "Patterns" = None,
        rest: str = "reached",
        optimizer: "Optimizers" = None,
    ) -> "Report":
        """Hold which parameters get gradient from a loss of the last block, and return its report.

        See :func:`gradviz.assert_gradients`.
        """
        __tracebackhide__ = True
        expectations = expect(
            reached=reached,
            frozen=frozen,
            cut=cut,
            unused=unused,
            zero=zero,
            partial=partial,
            trains=trains,
            rest=rest,
        )
        report = self.report(loss, model, optimizer)
        assertions.hold(report, expectations)
        return report


@pytest.fixture
def gradients() -> Gradients:
    """Return what traces blocks of the test and holds what gradient they give.

    ``with gradients:``, then ``gradients.check(loss, model, ...)``.
    """
    return Gradients()
