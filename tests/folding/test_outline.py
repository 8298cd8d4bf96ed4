"""The tree of modules, built from things by hand."""

from collections.abc import Callable

from gradviz.folding.concern import Concern
from gradviz.folding.first_view import first_view
from gradviz.folding.outline import outline
from gradviz.folding.tree import MOST, Group, GroupSort, Thing


def op(path: str, name: str = "op") -> Thing:
    return Thing(tuple(path.split(".")) if path else (), name, name)


def tensor(path: str, name: str, verdict: str = "reached") -> Thing:
    return Thing(tuple(path.split(".")) if path else (), name, (name, verdict), is_tensor=True)


def shown(group: Group) -> list[object]:
    """A group as nested lists: its name, then its children."""
    made: dict[int, list[object]] = {id(group): ["root"]}
    waiting = [group]
    while waiting:
        one = waiting.pop()
        for child in one.children:
            if isinstance(child, Group):
                made[id(child)] = [
                    child.name
                    if child.sort is not GroupSort.RUN
                    else f"{child.name} x{child.times}"
                ]
                made[id(one)].append(made[id(child)])
                waiting.append(child)
            else:
                made[id(one)].append(child)
    return made[id(group)]


def chain(things: list[Thing]) -> Group:
    return outline(things, [(number, number + 1) for number in range(len(things) - 1)])


def every_group(root: Group) -> list[Group]:
    groups = [root]
    for group in groups:
        groups += [child for child in group.children if isinstance(child, Group)]
    return groups


def test_things_stand_in_their_modules_in_the_order_of_the_data_flow() -> None:
    assert shown(chain([op("a"), op("a.b"), op("c"), op("")])) == [
        "root",
        ["a", 0, ["b", 1]],
        ["c", 2],
        3,
    ]


def test_a_group_says_whether_it_is_a_module_a_run_or_a_part_and_of_which_module() -> None:
    run = [op(f"net.{number}") for number in range(6) for _ in range(2)]
    groups = every_group(chain([*run, *(op("net.head", f"op{number}") for number in range(3))]))
    sorts = {(group.name, group.path): group.sort for group in groups}
    assert sorts["head", ("net", "head")] is GroupSort.MODULE
    assert {group.sort for group in groups if group.times > 1} == {GroupSort.RUN}


def test_a_module_with_nothing_but_one_module_is_one_with_it() -> None:
    assert shown(chain([op("a.b.c"), op("a.b.c"), op("")])) == ["root", ["a.b.c", 0, 1], 2]


def test_models_beside_each_other_keep_their_own_names() -> None:
    things = [op("netG.left.0"), op("netG.right"), op("netD.main"), op("netD"), op("")]
    assert shown(chain(things)) == [
        "root",
        ["netG", ["left.0", 0], ["right", 1]],
        ["netD", ["main", 2], 3],
        4,
    ]


def test_models_beside_each_other_that_hold_one_module_each_keep_their_names_too() -> None:
    things = [op("netG.main"), op("netG.main"), op("netD.main"), op("")]
    assert shown(chain(things)) == ["root", ["netG", ["main", 0, 1]], ["netD", ["main", 2]], 3]


def test_a_list_that_computes_something_itself_is_a_module() -> None:
    things = [op("layer.0"), op("layer.1"), op("layer"), op("")]
    for classes in ({("layer",): "ModuleList"}, {}):
        tree = shown(outline(things, [(0, 1), (1, 2), (2, 3)], classes))
        assert tree == ["root", ["layer", ["0..1 x2", ["0", 0], ["1", 1]], 2], 3]


def test_equal_numbered_siblings_are_a_run() -> None:
    assert shown(chain([*(op(f"h.{n}") for n in range(4)), op("")])) == [
        "root",
        ["h.0..3 x4", *([f"h.{n}", n] for n in range(4))],
        4,
    ]


def test_a_sequential_is_a_module_and_a_list_that_nothing_calls_is_its_modules() -> None:
    things = [op("layer.0"), op("layer.1"), op("")]
    lines = [(0, 1), (1, 2)]
    alone = ["root", ["layer.0..1 x2", ["layer.0", 0], ["layer.1", 1]], 2]
    assert shown(outline(things, lines, {("layer",): "ModuleList"})) == alone
    inside = ["root", ["layer", ["0..1 x2", ["0", 0], ["1", 1]]], 2]
    assert shown(outline(things, lines, {("layer",): "Sequential"})) == inside


def test_the_sibling_with_another_verdict_stands_out() -> None:
    things = [
        thing
        for n in range(7)
        for thing in (tensor(f"h.{n}", "weight", "frozen" if n == 3 else "reached"), op(f"h.{n}"))
    ]
    lines = [(2 * n, 2 * n + 1) for n in range(7)] + [(2 * n + 1, 2 * n + 3) for n in range(6)]
    assert [each[0] for each in shown(outline(things, lines))[1:]] == [
        "h.0..2 x3",
        "h.3",
        "h.4..6 x3",
    ]  # type: ignore[index]


def test_equal_siblings_of_different_names_are_no_run() -> None:
    assert shown(chain([op("q"), op("k"), op("v")])) == ["root", ["q", 0], ["k", 1], ["v", 2]]


def test_a_module_that_is_called_again_and_again_is_a_group_for_each_call() -> None:
    root = chain([thing for _ in range(5) for thing in (op("cell", "tanh"), op("", "add"))])
    assert shown(root) == [
        "root",
        ["cell x5", *([str(n), ["cell", 2 * n], 2 * n + 1] for n in range(5))],
    ]


def test_a_loop_in_one_module_is_folded() -> None:
    root = chain([op("cell", name) for _ in range(30) for name in ("mm", "add", "tanh")])
    (cell,) = root.children
    assert isinstance(cell, Group)
    (run,) = cell.children
    assert isinstance(run, Group)
    assert (run.sort, run.times) == (GroupSort.RUN, 30)


def test_things_that_are_one_object_are_told_like_equal_ones() -> None:
    names = ("mm", "add", "tanh")
    again = chain([op("cell", name) for name in names] * 30)
    assert shown(again) == shown(chain([op("cell", name) for _ in range(30) for name in names]))


def test_a_tensor_stands_with_what_uses_it() -> None:
    root = outline([op("", "b"), op("", "a"), tensor("", "weight")], [(1, 0), (2, 1)])
    assert shown(root) == ["root", 2, 1, 0]


def test_no_level_is_longer_than_can_be_read() -> None:
    names = ["a", "b", "c", "d", "e", "f", "g"]
    root = chain([op("", names[n * n % 7] + names[n * n * n % 7] + str(n)) for n in range(10_000)])
    assert max(len(group.children) for group in every_group(root)) <= MOST


def test_every_thing_is_in_the_tree_once_and_no_level_has_a_cycle() -> None:
    paths = ["a", "b.x", "b.y", "c.0", "c.1", "", "a.z"]
    things = [op(paths[n * 5 % 7], str(n % 3)) for n in range(300)]
    lines = [(n, n + step) for n in range(300) for step in (1, 7, 31) if n + step < 300]
    root = outline(things, lines)
    groups = every_group(root)
    assert sorted(
        child for group in groups for child in group.children if isinstance(child, int)
    ) == list(range(300))
    for group in groups:
        place: dict[int, int] = {}
        for position, child in enumerate(group.children):
            inner = (
                [child]
                if isinstance(child, int)
                else [
                    each
                    for one in every_group(child)
                    for each in one.children
                    if isinstance(each, int)
                ]
            )
            place |= dict.fromkeys(inner, position)
        assert all(place[a] <= place[b] for a, b in lines if a in place and b in place)


def test_of_a_graph_that_goes_round_nothing_is_lost() -> None:
    paths = ["a", "b", "", "c.0", "c.1"]
    things = [op(paths[n % 5], str(n)) for n in range(60)]
    around = (
        [(n, (n + 1) % 40) for n in range(40)]
        + [(n, n + 1) for n in range(40, 59)]
        + [(50, 44), (3, 50)]
    )
    root = outline(things, around)
    members = [
        child for group in every_group(root) for child in group.children if isinstance(child, int)
    ]
    assert sorted(members) == list(range(60))


def test_the_first_view_keeps_to_its_budget_and_leaves_runs_closed() -> None:
    things = [
        op(f"h.{n}.{part}", f"{part}{turn}")
        for n in range(12)
        for part in ("attn", "mlp")
        for turn in range(9)
    ]
    root = chain([*things, op("head", "x"), op("head", "y"), op("")])
    opened = first_view(root, lambda number: Concern.WELL)
    assert [group.name for group in opened] == ["", "head"]


def _only(severing: int) -> Callable[[int], Concern]:
    return lambda number: Concern.SEVERS if number == severing else Concern.WELL


def test_what_severs_is_seen_in_the_first_view() -> None:
    things = [op(f"a.b{n}.c", f"{n}{turn}") for n in range(40) for turn in range(4)]
    opened = {
        group.name for group in first_view(chain([*things, op("")]), _only(130), budget=20, most=80)
    }
    assert "b32.c" in opened


def test_a_module_of_many_operations_is_one_box_at_first_where_there_is_enough_to_see() -> None:
    rnn = [op("rnn", f"step{turn}") for turn in range(40)]
    around = [op(name, part) for name in ("norm", "head") for part in "xyz"]
    assert [
        group.name
        for group in first_view(
            chain([*rnn, *around, *(op("", f"{n}") for n in range(6))]), lambda number: Concern.WELL
        )
    ] == [""]
    assert [
        group.name for group in first_view(chain([*rnn, op("")]), lambda number: Concern.WELL)
    ] == [
        "",
        "rnn",
    ]
