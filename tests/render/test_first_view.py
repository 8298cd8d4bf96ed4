"""A page opens on some boxes: the shallowest modules, and the way to what severs."""

import pytest

from gradviz.render.first_view import BUDGET, WHOLE, first_view
from gradviz.render.tree import Group, Sort


def module(name, *children, path=()):
    return Group(Sort.MODULE, name, (*path, name), children=list(children))


def block(name, first, things=12):
    inner = module("inner", *range(first, first + things), path=(name,))
    return module(name, inner)


def names(groups):
    return [group.name for group in groups]


def test_a_graph_that_fits_is_opened_whole():
    root = module("", module("a", module("b", *range(WHOLE))))
    assert names(first_view(root, lambda thing: False)) == ["", "a", "b"]


def test_a_model_that_holds_one_module_alone_is_opened_to_its_parts():
    main = module("main", *(block(f"block{number}", 12 * number) for number in range(3)))
    root = module("", module("netG", main), block("netD", 40), 90)
    assert {"netG", "main"} <= set(names(first_view(root, lambda thing: False)))


def test_a_large_graph_stays_within_its_budget_of_boxes():
    root = module("", *(block(f"block{number}", 12 * number) for number in range(10)))
    opened = first_view(root, lambda thing: False)
    boxes = 1 + sum(len(group.children) - 1 for group in opened)
    assert boxes <= BUDGET


@pytest.mark.parametrize("wanted", [0, 40, 119])
def test_the_way_to_what_severs_is_opened(wanted):
    root = module("", *(block(f"block{number}", 12 * number) for number in range(10)))
    opened = first_view(root, lambda thing: thing == wanted)
    assert any(wanted in group.children for group in opened)


def test_parents_come_before_what_is_in_them():
    root = module("", *(block(f"block{number}", 12 * number) for number in range(10)))
    opened = first_view(root, lambda thing: thing == 40)
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
        opened = names(first_view(module("", *stages), lambda thing: False, budget=budget))
        assert sum(name.startswith("stage") for name in opened) == (8 if budget >= 16 else 0)
