"""A page opens on some boxes: the shallowest modules, and the way to what severs."""

import pytest

from gradviz.folding.concern import Concern
from gradviz.folding.first_view import BUDGET, WHOLE, first_view
from gradviz.folding.tree import Group, GroupSort


def module(name, *children, path=()):
    return Group(GroupSort.MODULE, name, (*path, name), children=list(children))


def block(name, first, things=12):
    inner = module("inner", *range(first, first + things), path=(name,))
    return module(name, inner)


def names(groups):
    return [group.name for group in groups]


def test_a_graph_that_fits_is_opened_whole():
    root = module("", module("a", module("b", *range(WHOLE))))
    assert names(first_view(root, lambda thing: Concern.WELL)) == ["", "a", "b"]


def test_a_model_that_holds_one_module_alone_is_opened_to_its_parts():
    main = module("main", *(block(f"block{number}", 12 * number) for number in range(3)))
    root = module("", module("netG", main), block("netD", 40), 90)
    assert {"netG", "main"} <= set(names(first_view(root, lambda thing: Concern.WELL)))


def test_a_large_graph_stays_within_its_budget_of_boxes():
    root = module("", *(block(f"block{number}", 12 * number) for number in range(10)))
    opened = first_view(root, lambda thing: Concern.WELL)
    boxes = 1 + sum(len(group.children) - 1 for group in opened)
    assert boxes <= BUDGET


@pytest.mark.parametrize("wanted", [0, 40, 119])
def test_the_way_to_what_severs_is_opened(wanted):
    root = module("", *(block(f"block{number}", 12 * number) for number in range(10)))
    opened = first_view(root, lambda thing: Concern.SEVERS if thing == wanted else Concern.WELL)
    assert any(wanted in group.children for group in opened)


def test_parents_come_before_what_is_in_them():
    root = module("", *(block(f"block{number}", 12 * number) for number in range(10)))
    opened = first_view(root, lambda thing: Concern.SEVERS if thing == 40 else Concern.WELL)
    position = {id(group): number for number, group in enumerate(opened)}
    for group in opened:
        for child in group.children:
            if id(child) in position:
                assert position[id(group)] < position[id(child)]


def test_numbered_siblings_open_together_or_not_at_all():
    stages = [
        module(f"stage{number}", block("first", 24 * number), block("second", 24 * number + 12))
        for number in range(8)
    ]
    for budget in (8, 12, 15, 16, 20):
        opened = names(first_view(module("", *stages), lambda thing: Concern.WELL, budget=budget))
        assert sum(name.startswith("stage") for name in opened) == (8 if budget >= 16 else 0)


def test_what_is_no_part_of_the_loss_stays_closed():
    root = module("", block("copy", 0, 4), block("net", 4, 4))
    opened = first_view(root, lambda thing: Concern.IDLE if thing < 4 else Concern.WELL)
    assert "net" in names(opened)
    assert "copy" not in names(opened)


def test_where_no_gradient_arrives_is_opened_before_what_is_well():
    root = module(
        "",
        *(
            module(name, *(block(f"{name}{part}", 100 * at + 10 * part) for part in range(8)))
            for at, name in enumerate(("able", "broken", "calm"))
        ),
    )
    opened = first_view(
        root, lambda thing: Concern.AILING if 100 <= thing < 110 else Concern.WELL, budget=8
    )
    assert "broken" in names(opened)
    assert not {"able", "calm"} & set(names(opened))


@pytest.mark.parametrize(("own", "is_open"), [(4, True), (100, False)])
def test_a_module_that_does_much_itself_is_no_module_of_modules(own, is_open):
    stretch = Group(GroupSort.PART, "", ("able",), children=list(range(2, 2 + own)))
    able = module("able", module("part", 0, 1), stretch)
    others = [block(f"block{letter}", 200 + 12 * at) for at, letter in enumerate("abcdefgh")]
    opened = first_view(module("", able, *others), lambda thing: Concern.WELL, budget=20)
    assert ("able" in names(opened)) is is_open
