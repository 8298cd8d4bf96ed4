"""The report of one loss: what the analysis found, and how it shows itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from gradviz.facts.findings import Findings
from gradviz.folding.boxes import View
from gradviz.render.files import write
from gradviz.render.formats import save_picture
from gradviz.render.frame import render_frame
from gradviz.render.html import render_html
from gradviz.render.json import read_findings, render_json
from gradviz.render.logged import log
from gradviz.render.notebook import Page, mimebundle
from gradviz.render.page_patches import PagePatch
from gradviz.render.svg import drawing, render_svg
from gradviz.render.text import for_terminal, render_summary, styled

if TYPE_CHECKING:
    from rich.text import Text

_USUAL = View()


class MeasuredPatch(Protocol):
    """A patch whose effect was measured, such as :class:`gradviz.mending.search.Mend`."""

    def on_page(self, report: "Report") -> PagePatch:
        """Return it as the page of the report shows it."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Report(Findings):
    """What became of the gradient of one loss, for every parameter. Read-only.

    Attributes:
        loss: Name of the loss: ``"loss"``, or the key it was given under.
        call: Which call of a run it is about; None where no run was watched.
        place: Where the loss was made; of a call that a run watched, where backward() was called.
        parameters: Every parameter of the model by name, in the model's order.
        cuts: The cuts behind which a parameter lies, in a stable order.
        unregistered: Leaves outside the model that gradient reaches.
        births: Where the NaN or infinity begins that makes the loss or a gradient not finite, the
            earliest first.
        graph: What went into the loss: nodes, edges, and what is cut off.
        notes: What else is worth knowing, a sentence each.
        losses: Where several losses were given, one report for each by name; else empty.
        torch: Version of torch that ran the step.
        training: Whether the parameters train; None where nothing was watched that could tell.
        series: The numbers of a run over its calls; None where no run was watched.
        mends: Patches whose effect was measured, where :func:`gradviz.mend` made the report; else
            empty.
    """

    losses: "Mapping[str, Report]" = field(default_factory=dict)
    mends: tuple[MeasuredPatch, ...] = ()

    @classmethod
    def of(cls, findings: Findings) -> Self:
        """Return the report of these findings."""
        values = {item.name: getattr(findings, item.name) for item in fields(Findings)}
        return cls(
            **values | {"losses": {name: cls.of(part) for name, part in findings.losses.items()}}
        )

    def __str__(self) -> str:
        """Return the explanation.

        In colour for a terminal that is not told NO_COLOR, else plain.
        """
        return for_terminal(self)

    def __repr__(self) -> str:
        """Return the result in a few lines; ``print(report)`` explains it."""
        return render_summary(self)

    def __rich__(self) -> "Text":
        return styled(self)

    def to_dot(self, *, view: View = _USUAL) -> str:
        """Return the drawing as DOT source, folded as in :meth:`to_svg`.

        Raises:
            GradvizError: A pattern of ``view.open`` matches no module.
        """
        return str(drawing(self, view).source)

    def to_svg(
        self, path: str | PathLike[str] | None = None, *, engine: str = "auto", view: View = _USUAL
    ) -> str:
        """Return the picture as SVG, and write it to ``path`` if one is given.

        A large graph is folded, and the picture says so.

        Args:
            path: Where to write it. A name that ends in ``.png`` or ``.pdf`` gets a picture of that
                format, which ``dot`` draws; no other ending than these and ``.svg`` is taken.
            engine: ``"auto"`` (``dot`` if it is on PATH, else the embedded one), ``"dot"`` or
                ``"embedded"``.
            view: How much is folded, and on which ground: ``gradviz.View(budget=300)``,
                ``gradviz.View(open=("layers.3.*",))``, ``gradviz.View(scheme="dark")``.

        Raises:
            OutputError: The file cannot be written, or its name ends in something else.
            EngineError: No engine could draw it.
            GradvizError: A pattern of ``view.open`` matches no module.
        """
        text = render_svg(self, view, engine=engine)
        if path is not None:
            save_picture(self, Path(path), text, view=view)
        return text

    def to_json(self, path: str | PathLike[str] | None = None) -> str:
        """Return the report as JSON, and write it to ``path`` if one is given.

        Raises:
            OutputError: The file cannot be written.
        """
        return _written(render_json(self), path)

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """Return one self-contained page of HTML to explore the graph in, and write it to ``path``
        if one is given. It shows the patches in ``mends``.

        Raises:
            OutputError: The file cannot be written.
        """
        return _written(render_html(self, patches=self._patches()), path)

    def frame(self) -> Any:
        """Return a DataFrame with a row for each parameter and call, of pandas, or of polars where
        only that is installed.

        Its columns: call, parameter, block, numel, verdict, why, gradient_norm, update_ratio,
        weight_norm, zeros. What was not measured is missing in it.

        Raises:
            OutputError: Neither is installed.
        """
        return render_frame(self)

    def log_to(self, target: Any, step: int | None = None) -> None:
        """Write numbers by block, the picture and the alarms to where a training is logged.

        Args:
            target: A ``SummaryWriter``, a run of W&B, a logger of Lightning, or a Trainer of
                transformers.
            step: Of the training; None where the target counts itself.

        Raises:
            OutputError: The target is none of these.
        """
        log(self, target, step)

    def page(self, *, height: int = 640) -> Page:
        """Return what a notebook shows as the page, in a sandboxed frame of ``height`` pixels.

        It shows the patches in ``mends``.
        """
        return Page(self, height, self._patches())

    def _patches(self) -> list[PagePatch]:
        return [mend.on_page(self) for mend in self.mends]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return mimebundle(self)


def read_json(text: str) -> Report:
    """Return the report that ``Report.to_json`` wrote.

    Raises:
        ReportFileError: It is not JSON, not a report, of a later format, or something in it is
            missing or of the wrong kind.
    """
    return Report.of(read_findings(text))


def _written(text: str, path: str | PathLike[str] | None) -> str:
    if path is not None:
        write(Path(path), text)
    return text
