"""Whether a parameter moved, and by what, from looks at its values made by hand."""

import pytest
import torch

from gradviz.graph import Parameter
from gradviz.judging.model_names import names_of
from gradviz.recording.reading.where import NOWHERE
from gradviz.training.looking import Glance
from gradviz.training.moves import History, Moves, StepSight
from gradviz.training.seen import Seen
from gradviz.training.watch import StepWatch


def parameter(*values):
    return torch.tensor(values, requires_grad=True)


def test_what_changes_between_two_looks_without_a_step_moved_by_hand():
    moves, weight = Moves(), parameter(1.0, 2.0)
    moves.compare([weight])
    assert moves.of(id(weight)).drift is None
    weight.data[0] = 5.0
    moves.compare([weight])
    history = moves.of(id(weight))
    assert history.drift
    assert history.by_hand
    assert not moves.is_open(id(weight))


def test_what_was_moved_by_hand_and_put_back_is_open_again():
    moves, weight = Moves(), parameter(1.0, 2.0)
    for value in (1.0, 5.0, 1.0):
        weight.data[0] = value
        moves.compare([weight])
        moves.rest()
    assert moves.of(id(weight)).is_back
    assert moves.is_open(id(weight))
    weight.data[0] = 6.0
    moves.compare([weight])
    assert not moves.of(id(weight)).is_back
    assert not moves.is_open(id(weight))


def test_what_stays_has_not_drifted():
    moves, weight = Moves(), parameter(1.0)
    for _ in range(3):
        moves.compare([weight])
    history = moves.of(id(weight))
    assert history.drift is False
    assert not history.by_hand


def test_an_infinity_that_was_there_at_the_first_look_spoils_nothing():
    moves, mask = Moves(), parameter(0.0, -torch.inf)
    for _ in range(2):
        moves.compare([mask])
    assert moves.of(id(mask)).finite
    mask.data[0] = torch.inf
    moves.compare([mask])
    assert not moves.of(id(mask)).finite
    mask.data[:] = torch.tensor([1.0, torch.nan])
    moves.compare([mask])
    assert not moves.of(id(mask)).finite


def test_what_is_nan_or_infinite_throughout_at_the_first_look_is_spoilt():
    for values in ((torch.nan, 1.0), (torch.inf, torch.inf)):
        moves, weight = Moves(), parameter(*values)
        moves.compare([weight])
        assert not moves.of(id(weight)).finite


def test_what_was_never_looked_at_is_open_and_finite():
    history = Moves().of(7)
    assert history.finite
    assert not history.is_settled
    assert history.drift is None


def test_not_finite_twice_in_a_row_nobody_has_put_it_back():
    moves, weight = Moves(), parameter(1.0)
    weight.data[0] = float("nan")
    moves.compare([weight])
    assert moves.in_doubt
    moves.compare([weight])
    history = moves.of(id(weight))
    assert history.stays_so
    assert not moves.in_doubt


def test_finite_again_it_is_as_if_nothing_had_been():
    history = History()
    history.look(finite=False)
    history.look(finite=True)
    history.look(finite=False)
    assert not history.stays_so


def test_that_a_step_is_undone_before_two_backwards_is_a_rule_and_elsewhere_once_is_none():
    history = History(returns=1)
    assert not history.is_put_back
    history.returns = 2
    assert history.is_put_back
    history.departs = True
    assert not history.is_put_back


def test_what_is_not_alive_is_forgotten():
    moves = Moves()
    moves.histories = {1: History(), 2: History()}
    moves.keep({2})
    assert [*moves.histories] == [2]


def test_grad_mode_is_as_it_was():
    moves, weight = Moves(), parameter(1.0)
    moves.compare([weight])
    assert torch.is_grad_enabled()
    with torch.no_grad():
        moves.compare([weight])
        assert not torch.is_grad_enabled()


def test_the_steps_of_an_optimizer_that_is_gone_stay_its_own():
    moves = Moves()
    glance = Glance.__new__(Glance)
    sights = [StepSight(5, glance, None, None), StepSight(6, glance, None, None)]
    moves.histories[1] = History(sights=sights)
    moves.renumber(5, -1)
    assert [sight.optimizer for sight in moves.of(1).sights] == [-1, 6]


def test_what_is_put_back_at_the_end_is_as_it_began_and_nothing_else_is():
    back, away = parameter(1.0, 2.0), parameter(3.0)
    moves = Moves()
    moves.compare([back, away])
    for own in (back, away):
        moves.of(id(own)).moved = True
    moves.rest()
    with torch.no_grad():
        back.add_(1.0)
        away.add_(1.0)
    moves.compare([back, away])
    assert not moves.of(id(back)).as_began
    with torch.no_grad():
        back.sub_(1.0)
    moves.compare([back, away])
    assert moves.of(id(back)).as_began
    assert not moves.of(id(away)).as_began


def test_of_many_steps_the_last_that_found_a_gradient_is_kept():
    moves, weight = Moves(), parameter(1.0)
    for step in range(30):
        found = step in (3, 5)
        sample = torch.tensor([float(step)])
        glance = Glance(
            id(weight), gradient=float(found), moved=1, compared=1, sample=sample, spread=1
        )
        glance.after = sample + 1
        moves.stepped(StepSight(optimizer=1, glance=glance, touch=None, spot=None))
    sights = moves.of(id(weight)).sights
    assert [sight.glance.gradient for sight in sights] == [0.0, 1.0, *[0.0] * 8]


def test_what_changes_from_step_to_step_though_none_moves_it_has_drifted():
    moves, weight, drifts = Moves(), parameter(1.0), []
    for value in (1.0, 1.0, 5.0):
        at = torch.tensor([value])
        glance = Glance(key=id(weight), sample=at, after=at.clone(), spread=1, compared=1)
        moves.stepped(StepSight(7, glance, None, None))
        drifts.append(moves.of(id(weight)).drift)
    assert drifts == [None, False, True]


def test_steps_that_undo_each_other_up_to_rounding_leave_it_where_it_was():
    weight = torch.tensor([0.3, -0.7])
    history = History(moved=True, first=weight)
    glance = Glance(key=1, ratio=0.05, change=0.03)
    history.sights = [StepSight(1, glance, None, NOWHERE, 1, None, None, True)]
    assert not history.is_away(weight * (1 + 2e-7))
    assert history.is_away(weight * (1 + 1e-5))


def test_a_step_that_is_no_more_than_rounding_itself_moves_it():
    weight = torch.tensor([0.3, -0.7])
    history = History(moved=True, first=weight)
    glance = Glance(key=1, ratio=2e-7, change=1e-7)
    history.sights = [StepSight(1, glance, None, NOWHERE, 1, None, None, True)]
    assert history.is_away(weight * (1 + 2e-7))


def backward(net, watch):
    net(torch.ones(3, 2)).sum().backward()
    roots = {"net": net}
    own = {f"net.{name}": Parameter(name=name) for name, _ in net.named_parameters()}
    watch.called(Seen(parameters=own), names_of(roots), roots)


@pytest.mark.parametrize("is_kept", [False, True])
def test_what_is_shifted_for_a_second_backward_and_put_back_by_the_step_is_undone(is_kept):
    net, watch = torch.nn.Linear(2, 1), StepWatch()
    watch.begin(lambda error: None)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(4):
        before = [own.detach().clone() for own in net.parameters()]
        backward(net, watch)
        for own in net.parameters():
            own.data.add_(0.5)
        if step < 2:
            backward(net, watch)
        optimizer.step()
        for own, old in zip(net.parameters(), before, strict=True):
            own.data.copy_(own.data - 0.5 if is_kept else old)
        if step == 1:
            watch.rest()
    evidence, _ = watch.evidence(ended=True)
    watch.end()
    assert [own.put_back for own in evidence] == [not is_kept] * 2


def test_what_a_search_for_a_rate_moves_and_puts_back_at_its_end_is_not_undone_by_each_step():
    net, watch = torch.nn.Linear(2, 1), StepWatch()
    watch.begin(lambda error: None)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    before = [own.detach().clone() for own in net.parameters()]
    for _ in range(3):
        backward(net, watch)
        optimizer.step()
    for own, old in zip(net.parameters(), before, strict=True):
        own.data.copy_(old)
    backward(net, watch)
    watch.rest()
    evidence, _ = watch.evidence(ended=True)
    watch.end()
    assert [(own.as_began, own.put_back) for own in evidence] == [(True, False)] * 2
