"""What is in each group of a page, from things by hand."""

from gradviz.folding.tree import Group, GroupSort
from gradviz.graph import Parameter, Verdict
from gradviz.render.page_things import PageGraph, PageThing
from gradviz.render.page_tree import flat, summed

WEIGHT = Parameter(name="emb.weight", names=("emb.weight", "head.weight"), numel=6)
BIAS = Parameter(name="head.bias", names=("head.bias",), numel=2, verdict=Verdict.CUT)


def tree_of(*groups):
    root = Group(GroupSort.MODULE, "", ())
    for name, things in groups:
        root.children.append(Group(GroupSort.MODULE, name, (name,), children=list(things)))
    return flat(root, [root])


def thing(parameter):
    return PageThing(
        sort="parameter",
        name=parameter.name,
        path=(),
        node=None,
        verdict=parameter.verdict,
        parameter=parameter,
    )


def drawn(*parameters):
    numbers = tuple(range(len(parameters)))
    return PageGraph(tuple(map(thing, parameters)), numbers, ())


def test_a_tree_is_one_list_with_the_groups_that_are_open():
    tree = tree_of(("emb", [0]), ("head", [1]))
    assert tree.parents == [-1, 0, 0]
    assert tree.opened == [0]
    assert [*tree.outward(2)] == [2, 0]


def test_a_tied_parameter_counts_in_each_module_that_holds_it_and_once_in_all():
    things = drawn(WEIGHT, BIAS)
    whole, emb, head = summed(tree_of(("emb", [0]), ("head", [1])), things, [WEIGHT, BIAS])
    assert (whole.parameters, emb.parameters, head.parameters) == (2, 1, 2)
    assert (whole.elements, head.elements) == (8, 8)


def test_without_ties_each_parameter_counts_where_it_is_drawn():
    things = drawn(BIAS)
    whole, emb, head = summed(tree_of(("emb", []), ("head", [0])), things, [BIAS])
    assert (whole.parameters, emb.parameters, head.parameters) == (1, 0, 1)
