"""What only rounding moves is told as such."""

import pytest

from gradviz.facts.evidence import Evidence
from gradviz.facts.training import Fate
from gradviz.graph import Parameter, Verdict
from gradviz.training.noise import moved_by_rounding


@pytest.mark.parametrize(("beside", "mover"), [(True, "rounding"), (False, "gradient")])
def test_what_only_rounding_moves_does_not_train_by_gradient_unless_its_module_does(beside, mover):
    def seen(name, rounding):
        reached = Parameter(name=name, verdict=Verdict.REACHED)
        return Evidence(name=name, verdicts=(reached,), rounding=rounding)

    evidence = [seen("q.bias", True), seen("q.weight", beside), seen("v.bias", False)]
    fates = [Fate(name=own.name, trains=True, mover="gradient") for own in evidence]
    found = [fate.mover for fate in moved_by_rounding(fates, evidence)]
    assert found == [mover, mover, "gradient"]
