"""torchviz draws a sketch, without a tensor, under keys that are the same in every process."""

import threading
import warnings

from gradviz.render.sketch import Item, Sketch, SketchLine, Sort
from gradviz.render.torchviz_drawing import draw


def drawn(*pairs, loss="loss"):
    keys = dict.fromkeys([loss, *(key for pair in pairs for key in pair)])
    items = tuple(
        Item(
            key=key,
            sort=Sort.LOSS if key == loss else Sort.OPERATION,
            operation="" if key == loss else "MulBackward0",
        )
        for key in keys
    )
    lines = tuple(SketchLine(source=a, target=b, stroke="gradient") for a, b in pairs)
    edges = {pair: [{"color": f"{pair[0]}-{pair[1]}"}] for pair in pairs}
    return draw(Sketch(items, lines), {key: {"label": key} for key in keys}, edges)


def test_nodes_and_edges_have_the_attributes_that_were_given_for_them():
    source = drawn(("a", "loss"), ("b", "a")).source
    assert "a [label=a]" in source
    assert 'b -> a [color="b-a"]' in source
    assert 'a -> loss [color="a-loss"]' in source


def test_everything_is_stated_once_and_no_address_is_left():
    body = drawn(("a", "loss"), ("b", "a"), ("b", "loss")).body
    assert len(body) == len({*body}) == 6
    assert not any(character.isdigit() for line in body for character in line)


def test_two_drawings_are_the_same_and_so_are_those_of_two_threads():
    sources = [drawn(("a", "loss"), ("b", "a")).source]
    threads = [
        threading.Thread(target=lambda: sources.append(drawn(("a", "loss"), ("b", "a")).source))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({*sources}) == 1


def test_a_chain_deeper_than_the_stack_is_drawn():
    pairs = [("n0", "loss"), *((f"n{i + 1}", f"n{i}") for i in range(1200))]
    assert "n1200" in drawn(*pairs).source


def test_where_the_user_makes_every_warning_an_error_there_is_none_to_be_one():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "a -> loss" in drawn(("a", "loss")).source


def test_what_the_user_was_warned_of_before_is_not_said_again():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for _ in range(3):
            warnings.warn("once for this line", UserWarning, stacklevel=1)
            drawn(("a", "loss"))
    assert len(said) == 1
