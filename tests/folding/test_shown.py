"""A small graph is shown whole, a large one as its fold."""

from graphs import chain, every_verdict

from gradviz.folding.boxes import View
from gradviz.folding.fold import fold
from gradviz.folding.shown import shown
from gradviz.folding.whole import whole


def test_a_small_graph_has_a_box_for_each_node_and_a_large_one_is_folded():
    small, large = every_verdict(), chain(400)
    whole_one = shown(small.graph, small.parameters, View())
    assert whole_one.is_whole
    assert whole_one == whole(small.graph, small.parameters)
    assert shown(large.graph, large.parameters, View()) == fold(
        large.graph, large.parameters, budget=View().budget
    )


def test_a_small_graph_is_folded_where_it_has_to_become_smaller_or_a_view_says_so():
    report = every_verdict()
    assert not shown(report.graph, report.parameters, View(), smaller=True).is_whole
    assert not shown(report.graph, report.parameters, View(depth=1)).is_whole
