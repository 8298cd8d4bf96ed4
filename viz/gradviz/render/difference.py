"""What differs between two reports, as text and as JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from html import escape

from gradviz.comparing.diff import Difference, Trained
from gradviz.comparing.gradients import Resized
from gradviz.comparing.renaming import Renaming
from gradviz.facts.blocks import cuts_by_block
from gradviz.facts.findings import Findings
from gradviz.facts.several import losses_of, together
from gradviz.folding.tree import NUMBER
from gradviz.graph import Cut, Parameter
from gradviz.render.names import fold_names, joined_numbers
from gradviz.render.sentences import counted, fate_of, path_and_line, printable
from gradviz.render.series_scale import amount
from gradviz.render.style import INK
from gradviz.render.training import in_words
from gradviz.system.grouped import grouped

_MOST_BLOCKS = 12  # that are listed; the rest is counted, and stands in the JSON


def render_difference(difference: Difference, before: Findings, after: Findings) -> str:
    """Return the difference as text.

    Verdicts that changed, parameters and cuts that came and went, and what has another name.

    Of several losses each is told on its own, as far as it differs.
    """
    lines: list[str] = []
    for name, part in difference.losses.items():
        was = difference.losses_before.get(name, name)
        differs = _differences(part, before.losses.get(was, before), after.losses.get(name, after))
        lines += _titled(f"Loss {name}" + (f" (was {was})" if was != name else ""), differs)
    if not difference.losses:
        lines += _differences(difference, before, after)
    lines += _trained(difference.trained, after)
    lines += _titled(
        "Gradient of another size, by block (median norm of the calls watched)",
        _resized(difference.resized),
    )
    lines += _titled("Losses that came", difference.losses_came)
    lines += _titled("Losses that went", difference.losses_went)
    lines += _titled("Renamed", _renamed(difference.renamed))
    if not difference:
        lines = ["Nothing that the gradients depend on differs.", *lines]
    return "".join(f"{printable(line)}\n" for line in lines)


def render_difference_json(difference: Difference) -> str:
    """Return the difference as JSON.

    Parameters by their new name, cuts as in a report, and the same for each of several losses.
    """
    losses = [
        {"loss": name, "loss_before": difference.losses_before.get(name, name), **_document(part)}
        for name, part in difference.losses.items()
    ]
    document = {
        "format": 1,
        **_document(difference),
        "trained": [
            {"name": part.after.name, "name_before": part.before.name, **_training(part)}
            for part in difference.trained
        ],
        "resized": [asdict(part) for part in difference.resized],
        "losses": losses,
        "losses_came": list(difference.losses_came),
        "losses_went": list(difference.losses_went),
    }
    return json.dumps(document, indent=1) + "\n"


def pictured(
    difference: Difference, before: Findings, after: Findings
) -> tuple[Difference, Findings, Findings]:
    """Return what there is a picture of.

    Losses of one graph together, and of the calls of a run the first that differs.
    """
    if together(after) is after or not difference.losses:
        return difference, before, after
    name = next(
        (name for name, part in difference.losses.items() if part), list(difference.losses)[-1]
    )
    return (
        difference.losses[name],
        losses_of(before)[difference.losses_before.get(name, name)],
        losses_of(after)[name],
    )


def render_difference_html(svg: str, title: str, text: str) -> str:
    """Return a page with the picture, and beside it the difference in words.

    There is nothing to open or search: it says what differs, and the page of a report has the rest.
    """
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{_STYLE}</style>
</head>
<body>
<main>
{svg}</main>
<aside>
<h1>What differs</h1>
<pre>{escape(text)}</pre>
</aside>
</body>
</html>
"""


_STYLE = (
    f":root{{color-scheme:light dark;background:{INK[0].fill};color:{INK[0].stroke}}}"
    "body{display:flex;flex-wrap:wrap;gap:1rem 2rem;margin:1rem;font:15px/1.5 system-ui,sans-serif}"
    "main{flex:3 1 22rem;min-width:0}aside{flex:1 1 20rem;min-width:0}"
    "svg{display:block;width:100%;max-height:94vh}h1{margin:.5rem 0;font-size:1rem}"
    "pre{margin:0;font-size:13px;white-space:pre-wrap;overflow-wrap:anywhere}"
    f"@media(prefers-color-scheme:dark){{:root{{background:{INK[1].fill};color:{INK[1].stroke}}}}}"
)


def _document(difference: Difference) -> dict[str, object]:
    return {
        "changed": [
            {
                "name": change.after.name,
                "name_before": change.before.name,
                "before": _fate(change.before),
                "after": _fate(change.after),
            }
            for change in difference.changed
        ],
        "came": [{"name": item.name, **_fate(item)} for item in difference.came],
        "went": [{"name": item.name, **_fate(item)} for item in difference.went],
        "cuts_came": [_cut(cut) for cut in difference.cuts_came],
        "cuts_went": [_cut(cut) for cut in difference.cuts_went],
        "renamed": [
            {"before": item.before, "after": item.after, "parameters": item.parameters}
            for item in difference.renamed
        ],
    }


def _differences(difference: Difference, before: Findings, after: Findings) -> list[str]:
    lines = [*_changed(difference, after)]
    lines += _titled("Came", _folded(difference.came, after.parameters))
    lines += _titled("Went", _folded(difference.went, before.parameters))
    lines += _titled("Cuts that came", _cuts(difference.cuts_came, after.parameters))
    return lines + _titled("Cuts that went", _cuts(difference.cuts_went, before.parameters))


def _renamed(renamed: Iterable[Renaming]) -> Iterator[str]:
    """Yield what has another name; modules that differ in their numbers alone are told once."""
    alike: dict[tuple[str, str], list[Renaming]] = {}
    for renaming in renamed:
        alike.setdefault(
            (NUMBER.sub("#", renaming.before), NUMBER.sub("#", renaming.after)), []
        ).append(renaming)
    for some in alike.values():
        before, after = (
            joined_numbers(paths) or "the model"
            for paths in (
                [renaming.before for renaming in some],
                [renaming.after for renaming in some],
            )
        )
        parameters = sum(renaming.parameters for renaming in some)
        yield f"{before} -> {after} ({counted(parameters, 'parameter')})"


def _fate(parameter: Parameter) -> dict[str, str | bool]:
    return {"verdict": str(parameter.verdict), "partial": parameter.partial}


def _cut(cut: Cut) -> dict[str, object]:
    return {
        "kind": str(cut.kind),
        "operation": cut.operation,
        "file": cut.file,
        "line": cut.line,
        "code": cut.code,
        "parameters": list(cut.parameters),
    }


def _changed(difference: Difference, after: Findings) -> Iterator[str]:
    """Yield a paragraph for each way in which a verdict changed."""
    ways = grouped(
        ((fate_of(change.before), fate_of(change.after)), change.after.name)
        for change in difference.changed
    )
    for (old, new), names in ways.items():
        yield f"{old} -> {new}"
        yield from (f"  {group}" for group in fold_names(names, after.parameters))


def _training(change: Trained) -> dict[str, object]:
    return {
        side: {"trains": fate.trains, "why": fate.why}
        for side, fate in (("before", change.before), ("after", change.after))
    }


def _trained(changes: Iterable[Trained], after: Findings) -> Iterator[str]:
    """Yield a paragraph for each way in which it changed whether parameters train."""
    ways = grouped(
        ((in_words(change.before), in_words(change.after)), change.after.name) for change in changes
    )
    for (old, new), names in ways.items():
        yield f"{old} -> {new}"
        yield from (f"  {group}" for group in fold_names(names, together(after).parameters))


def _resized(blocks: Sequence[Resized]) -> Iterator[str]:
    """Yield a line for each block whose gradient is of another size, up to a dozen."""
    for block in blocks[:_MOST_BLOCKS]:
        times = block.after / block.before
        yield (f"{block.name}: {amount(block.before)} -> {amount(block.after)} ({times:.2g} times)")
    if len(blocks) > _MOST_BLOCKS:
        yield f"... {counted(len(blocks) - _MOST_BLOCKS, 'more block')}"


def _folded(some: Sequence[Parameter], among: Mapping[str, Parameter]) -> Iterator[str]:
    by_verdict = grouped((fate_of(parameter), parameter.name) for parameter in some)
    for verdict, names in by_verdict.items():
        yield from (f"{group}: {verdict}" for group in fold_names(names, among))


def _cuts(cuts: Iterable[Cut], among: Mapping[str, Parameter]) -> Iterator[str]:
    for cut in cuts_by_block(cuts):
        yield f"{cut.operation} at {path_and_line(cut)}" + (f": {cut.code}" if cut.code else "")
        yield from (f"  {group}" for group in fold_names(cut.parameters, among))


def _titled(title: str, lines: Iterable[str]) -> list[str]:
    below = [f"  {line}" for line in lines]
    return [title, *below] if below else []
