"""Which of the lines that sever a parameter is named where it does not train.

Pure, without torch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from gradviz.facts.evidence import ConstantTerm, Evidence
from gradviz.facts.training import Fate
from gradviz.graph import Place


def named_by_terms(
    fates: Sequence[Fate], evidence: Sequence[Evidence], terms: Sequence[ConstantTerm]
) -> tuple[Fate, ...]:
    """Return fates, with what is cut off at several lines named by that which makes a term of the
    loss constant: at the others it may well be meant.
    """
    lines = {(term.place.file, term.place.line) for term in terms if term.place is not None}

    def named(fate: Fate, parameter: Evidence) -> Fate:
        if fate.why != "cut" or (fate.file, fate.line) in lines:
            return fate
        for cut in chain.from_iterable(call.cuts for call in parameter.verdicts):
            for place in (Place(cut.file, cut.line, cut.code), cut.caller):
                if place is not None and (place.file, place.line) in lines:
                    return replace(fate, file=place.file, line=place.line, code=place.code)
        return fate

    return tuple(map(named, fates, evidence)) if lines else tuple(fates)


def cut_in_blocks(evidence: Mapping[str, Evidence], fates: Iterable[Fate]) -> set[tuple[str, str]]:
    """Return for each parameter that is told to be cut off by a block the lines in that which cut
    it off.
    """
    lines = {fate.name: f"{fate.file}:{fate.line}" for fate in fates if fate.why == "cut"}
    return {
        (name, str(place))
        for name, line in lines.items()
        for call in evidence[name].verdicts
        for cut in call.cuts
        if cut.block is not None and str(cut.block) == line
        for place in (Place(cut.file, cut.line, cut.code), *cut.within)
    }
