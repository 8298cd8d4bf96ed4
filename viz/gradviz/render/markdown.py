"""A picture and a table for a page of Markdown, as GitHub shows it."""

from collections.abc import Sequence
from html import escape

from gradviz.facts.findings import Findings
from gradviz.render.sentences import headline, printable


def render_markdown(
    report: Findings, *, light: str, dark: str, rows: Sequence[Sequence[str]]
) -> str:
    """Return the picture for a light and a dark page, with the headline as its alternative text,
    and a table below.

    Args:
        report: What is shown.
        light, dark: Where the two pictures lie, as the page is to name them.
        rows: The table; its titles first.
    """
    titles, *body = (f"| {' | '.join(map(_cell, row))} |" for row in rows)
    return "\n".join(
        [
            "<picture>",
            f'  <source media="(prefers-color-scheme: dark)" srcset="{escape(dark)}">',
            f'  <img alt="{escape(headline(report))}." src="{escape(light)}">',
            "</picture>",
            "",
            titles,
            "|" + " --- |" * len(rows[0]),
            *body,
            "",
        ]
    )


def _cell(text: str) -> str:
    """Return a text for a cell: what would end the cell or mark the text up is escaped."""
    return "".join(f"\\{char}" if char in "\\|`*_<>[]" else char for char in printable(text))
