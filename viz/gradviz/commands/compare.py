"""``gradviz compare``."""

import sys

import click


@click.command(epilog="Example: gradviz compare steps.py:before steps.py:after")
@click.argument("functions", nargs=-1, required=True, metavar="PACKAGE.MODULE:FUNCTION...")
@click.option(
    "--at",
    "layer",
    metavar="LAYER",
    help="Measure the ways to freeze this module of the one function's model.",
)
@click.option(
    "--runs",
    type=click.IntRange(2),
    default=20,
    show_default=True,
    help="How often each way is timed.",
)
def compare(functions: tuple[str, ...], layer: str | None, runs: int) -> None:
    """Measure what steps cost, side by side.

    Measured are time, backward nodes, and the memory that is kept for them.

    A function returns (loss, model) or a loss; or (forward, model), where forward() returns the
    loss, so that building the model is not timed. The ways take turns in one process on one thread.

    With --at the function has to run the same model in each call. A layer of it is frozen in five
    ways: not at all, requires_grad_(False) on it alone, the same on everything before it too,
    detach_() after it, and no_grad up to its end.
    """
    from gradviz.costing.compare import compare as run
    from gradviz.costing.table import LEGEND, RATIO, text

    def progress(turn: int) -> None:
        click.echo(f"\rgradviz: run {turn} of {runs}", nl=turn == runs, err=True)

    is_watched = sys.stderr.isatty()
    costs = run(functions, layer, runs, progress if is_watched else None)
    click.echo(text(costs, ratios=True), nl=False)
    click.echo(click.wrap_text(f"{LEGEND} {RATIO}", 100))
