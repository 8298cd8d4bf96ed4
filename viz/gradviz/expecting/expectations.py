"""What gradient a step is meant to give which parameter, held against what a report found. Pure.

No torch, no output.

Patterns are those of ``fnmatch``, matched against any of a parameter's names. The variable of the
model, which leads the names of a script, may be left out: ``backbone.*`` means
``model.backbone.0.weight`` too, where no name begins with ``backbone``. A pattern that begins with
``!`` leaves out what the others of its list match. Every parameter that no pattern mentions must be
reached, unless ``rest`` is ``"any"``.
"""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase

from gradviz.errors import ExpectationError
from gradviz.facts.blocks import by_block
from gradviz.facts.findings import Findings
from gradviz.facts.training import IN_WORDS
from gradviz.graph import Cut, Parameter, Place, Verdict, Zero
from gradviz.system.grouped import grouped

Patterns = str | Iterable[str] | None

RESTS = ("reached", "any")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """Which parameters are meant to have which verdict. Read-only; made by :func:`expect`.

    Attributes:
        reached, frozen, cut, unused, zero: Patterns of the parameters meant to have that verdict;
            None where nothing was said. For the last four a list that is given is complete: no
            parameter outside of it may have that verdict.
        partial: Patterns of the parameters meant to be severed on one route and alive on another,
            complete as well; None asks nothing.
        trains: Patterns of the parameters that are meant to move in the steps of their optimizers;
            None where nothing was said.
        rest: What is meant to become of parameters that no pattern mentions: ``"reached"``, or
            ``"any"`` where it does not matter.
    """

    reached: tuple[str, ...] | None = None
    frozen: tuple[str, ...] | None = None
    cut: tuple[str, ...] | None = None
    unused: tuple[str, ...] | None = None
    zero: tuple[str, ...] | None = None
    partial: tuple[str, ...] | None = None
    trains: tuple[str, ...] | None = None
    rest: str = "reached"


_BESIDE = ("partial", "trains")  # what is said of a parameter beside its verdict
WORDS = tuple(field.name for field in fields(Expectations) if field.name != "rest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Parameters for which the same expectation failed in the same way. Read-only.

    Attributes:
        parameters: Their names, in the model's order; empty where a pattern matches no parameter.
        expected: What they are meant to be: ``"reached"``, ``"not cut"``; where a pattern matches
            nothing, its word.
        actual: What they are: a verdict, ``"partial"`` or ``"not partial"``; empty where a pattern
            matches nothing.
        pattern: The pattern that says so; empty for what is said of all others.
        cuts: What severs their routes.
        zero: Where a zero begins.
        switched_at: The line that froze them, or thawed what was frozen.
        replaced_at: The line that made them after others had been frozen, where they were meant to
            be frozen.
        meant: What a pattern without a match was likely meant to be; empty where nothing is like
            it.
    """

    parameters: tuple[str, ...] = ()
    expected: str = ""
    actual: str = ""
    pattern: str = ""
    cuts: tuple[Cut, ...] = ()
    zero: Zero | None = None
    switched_at: Place | None = None
    replaced_at: Place | None = None
    meant: str = ""


def expect(*, rest: str = "reached", **patterns: Patterns) -> Expectations:
    """Return the expectations that the keywords of ``assert_gradients`` say.

    A pattern or several for each word.

    Raises:
        ExpectationError: There is no such word, a pattern is no text, or ``rest`` is neither
            ``"reached"`` nor ``"any"``.
    """
    if rest not in RESTS:
        raise ExpectationError(f"unknown rest: {rest!r} (choose from {', '.join(RESTS)})")
    given: dict[str, tuple[str, ...]] = {}
    for word, value in patterns.items():
        if word not in WORDS:
            close = difflib.get_close_matches(word, WORDS, n=1)
            raise ExpectationError(
                f"unknown expectation: {word!r} (choose from {_one_of(WORDS, close)})"
            )
        if value is None:
            continue
        several = (
            (value,)
            if isinstance(value, str)
            else tuple(value)
            if isinstance(value, Iterable)
            else (value,)
        )
        wrong = [pattern for pattern in several if not isinstance(pattern, str)]
        if wrong:
            raise ExpectationError(
                f"{word}: {wrong[0]!r} is no pattern (write one such as 'head.*', or a list of"
                " them)"
            )
        given[word] = several
    return Expectations(rest=rest, **given)


def violations(
    report: Findings, expectations: Expectations, *, traced: bool = True
) -> list[Violation]:
    """Return what in ``report`` is not as expected, in the order of the words and then of the
    model; empty where all is.

    Args:
        report: Of several losses, all of them together are judged.
        expectations: See :func:`expect`.
        traced: False for a report of a loss alone, which cannot tell cut from unused: either then
            passes for the other.

    Raises:
        ExpectationError: Two words claim one parameter, or there is none to hold.
    """
    parameters = by_block(report).parameters
    if not parameters:
        raise ExpectationError(
            "there are no parameters to hold: give the model along with the loss, as (loss, model)"
        )
    spelt = _Names(report, parameters)
    matched = {word: _matched(getattr(expectations, word) or (), spelt) for word in WORDS}
    claims = _claims(matched)
    violated = grouped(
        (violation, parameter.name)
        for parameter in parameters.values()
        for violation in _of_one(
            parameter, claims.get(parameter.name), matched["partial"], expectations, traced
        )
    )
    order = {word: position for position, word in enumerate(("", *WORDS))}
    for violation, names in _not_trained(report, matched["trains"]):
        violated.setdefault(violation, []).extend(names)
    failed = [replace(broken, parameters=tuple(names)) for broken, names in violated.items()]
    # Stable, so in the model's order
    failed.sort(key=lambda violation: order.get(violation.expected if violation.pattern else "", 0))
    return [*failed, *_without_match(expectations, spelt)]


class _Names:
    """The names of some parameters, with and without the variable of the model in front."""

    def __init__(self, report: Findings, parameters: Mapping[str, Parameter]) -> None:
        self.full = {name: (name, *other.names) for name, other in parameters.items()}
        graphs = (report.graph, *(part.graph for part in report.losses.values()))
        models = {path for graph in graphs for path in graph.classes}
        # The path of a model that no variable leads to is empty
        models = set() if "" in models else models
        self.short = {
            name: [_without_variable(spelling, models) for spelling in spellings]
            for name, spellings in self.full.items()
        }

    def matching(self, pattern: str) -> set[str]:
        """Return which a pattern matches: as they are, else without the variable."""
        for names in (self.full, self.short):
            matched = {name for name, some in names.items() if _matches(some, pattern)}
            if matched:
                return matched
        return set()

    def spellings(self) -> list[str]:
        """Return all that a pattern may match."""
        every = (*self.full.values(), *self.short.values())
        return list(dict.fromkeys(name for names in every for name in names))


def _without_variable(name: str, models: Collection[str]) -> str:
    dots = (place for place, sign in enumerate(name) if sign == ".")
    return next((name[place + 1 :] for place in dots if name[:place] in models), name)


def _matched(patterns: tuple[str, ...], names: _Names) -> dict[str, str]:
    """Return the parameters that a list of patterns matches, each with the first that does."""
    wanted = {pattern: names.matching(pattern) for pattern in patterns if pattern[:1] != "!"}
    unwanted = [names.matching(pattern[1:]) for pattern in patterns if pattern[:1] == "!"]
    matched = {}
    for name in names.full:
        pattern = next((pattern for pattern, some in wanted.items() if name in some), None)
        if pattern is not None and not any(name in some for some in unwanted):
            matched[name] = pattern
    return matched


def matches(name: str, pattern: str) -> bool:
    """Say whether a pattern matches a name; an index matches itself, as in ``nets[0].*``."""
    return fnmatchcase(name, pattern) or (
        "[" in pattern and fnmatchcase(name, pattern.replace("[", "[[]"))
    )


def _matches(names: Iterable[str], pattern: str) -> bool:
    return any(matches(name, pattern) for name in names)


def _claims(matched: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[str, str]]:
    """Return the word and the pattern that speak for each parameter."""
    claims: dict[str, tuple[str, str]] = {}
    for word in WORDS:
        for name, pattern in matched[word].items() if word not in _BESIDE else ():
            if name in claims:
                other, first = claims[name]
                raise ExpectationError(
                    f"{name} is claimed by {other}={first!r} and by {word}={pattern!r}: "
                    f"leave it out of one of them, with a pattern such as '!{name}'"
                )
            claims[name] = (word, pattern)
    return claims


def _of_one(
    parameter: Parameter,
    claim: tuple[str, str] | None,
    partial: Mapping[str, str],
    expectations: Expectations,
    traced: bool,
) -> Iterator[Violation]:
    """Yield what is wrong with one parameter, without its name."""
    verdict = parameter.verdict
    blamed = Violation(
        actual=verdict,
        cuts=parameter.cuts,
        zero=parameter.zero,
        switched_at=parameter.frozen_at or parameter.thawed_at,
    )
    if claim is None:
        complete = verdict is not Verdict.REACHED and getattr(expectations, verdict) is not None
        if complete or (expectations.rest == "reached" and verdict is not Verdict.REACHED):
            expected = "reached" if expectations.rest == "reached" else f"not {verdict}"
            yield replace(blamed, expected=expected)
    elif not _agrees(verdict, claim[0], traced):
        replaced_at = parameter.replaced_at if claim[0] == Verdict.FROZEN else None
        yield replace(blamed, expected=claim[0], pattern=claim[1], replaced_at=replaced_at)
    if expectations.partial is not None and parameter.partial is not (parameter.name in partial):
        words = ("not partial", "partial")
        expected, actual = words[not parameter.partial], words[parameter.partial]
        yield Violation(
            expected=expected,
            actual=actual,
            pattern=partial.get(parameter.name, ""),
            cuts=parameter.cuts,
        )


def _not_trained(
    report: Findings, meant: Mapping[str, str]
) -> Iterator[tuple[Violation, list[str]]]:
    """Yield what is meant to train and does not, with the reason.

    Raises:
        ExpectationError: No optimizer stepped, so that nobody knows.
    """
    if not meant:
        return
    if report.training is None or not report.training.steps:
        raise ExpectationError(
            "no optimizer stepped while it was watched, so it is not known what trains: have the"
            " step call optimizer.step()"
        )
    fates = {fate.name: fate for fate in report.training.parameters}
    for name, pattern in meant.items():
        fate = fates.get(name)
        if fate is None or not fate.trains:
            why = (
                "not known to train"
                if fate is None or fate.why is None
                else f"not trained: {IN_WORDS.get(fate.why, fate.why)}"
            )
            place = (
                None
                if fate is None or fate.file is None
                else Place(fate.file, fate.line or 0, fate.code or "")
            )
            yield (
                Violation(expected="trains", actual=why, pattern=pattern, switched_at=place),
                [name],
            )


def _agrees(verdict: Verdict, word: str, traced: bool) -> bool:
    return verdict == word or (not traced and {verdict, word} == {Verdict.CUT, Verdict.UNUSED})


def _without_match(expectations: Expectations, names: _Names) -> Iterator[Violation]:
    """Yield the patterns that match no parameter: most likely those that a renaming left behind."""
    for word in WORDS:
        for pattern in getattr(expectations, word) or ():
            plain = pattern.removeprefix("!")
            if not names.matching(plain):
                meant = _meant(plain, names.spellings())
                yield Violation(expected=word, pattern=pattern, meant=meant)


def _meant(pattern: str, names: Sequence[str]) -> str:
    """Return a pattern that was likely meant, and matches something.

    It is the same a module deeper, the same with what is in the module, or one whose name is alike.
    """
    inside = next(
        (
            wider
            for wider in (f"{pattern}.*", f"*.{pattern}", f"*.{pattern}.*")
            if _matches(names, wider)
        ),
        None,
    )
    if inside is not None:
        return inside
    core = pattern.strip("*.")
    close = (
        difflib.get_close_matches(
            core, dict.fromkeys(part for name in names for part in _parts(name)), n=1
        )
        if core
        else []
    )
    return pattern.replace(core, close[0]) if close else ""


def _parts(name: str) -> list[str]:
    """Return a name, the modules around it, and the words that it is made of."""
    path = name.split(".")
    return [*(".".join(path[:end]) for end in range(1, len(path) + 1)), *path]


def _one_of(words: Iterable[str], close: list[str]) -> str:
    return ", ".join(words) + (f"; did you mean {close[0]}?" if close else "")
