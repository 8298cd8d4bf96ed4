"""What a test says of gradients holds, or is explained with its line."""

import pytest
import torch
from graphs import none
from torch import nn

import gradviz
from gradviz.errors import ExpectationError, GradvizError
from gradviz.tracing.assertions import assert_gradients, assert_graph_shape, assert_trains

X = torch.ones(2, 3)


def net():
    torch.manual_seed(0)
    return nn.ModuleDict({"a": nn.Linear(3, 3), "b": nn.Linear(3, 1)})


def cut_off(model):
    return model["b"](model["a"](X).detach()).square().mean()


def whole(model):
    return model["b"](model["a"](X)).square().mean()


def test_a_step_that_is_as_expected_gives_its_report():
    model = net()
    report = assert_gradients(lambda: (whole(model), model))
    assert report.parameters["a.weight"].verdict == "reached"


def test_one_that_is_not_is_an_assertion_that_names_the_line_and_has_the_report():
    model = net()
    with pytest.raises(AssertionError, match=r"model\[\"a\"\]\(X\)\.detach\(\)") as caught:
        assert_gradients(lambda: (cut_off(model), model))
    assert isinstance(caught.value, gradviz.UnexpectedGradientsError)
    assert caught.value.report.parameters["a.weight"].verdict == "cut"
    assert_gradients(lambda: (cut_off(model), model), cut="a.*")


def test_a_loss_alone_cannot_tell_cut_from_unused():
    model = net()
    loss = cut_off(model)
    assert_gradients(loss, model, cut="a.*")
    assert_gradients(loss, model, unused="a.*")


def test_with_its_trace_it_can():
    model = net()
    with gradviz.trace() as trace:
        loss = cut_off(model)
    assert_gradients(loss, model, cut="a.*", trace=trace)
    with pytest.raises(AssertionError, match="expected unused"):
        assert_gradients(loss, model, unused="a.*", trace=trace)


def test_a_model_that_is_called_is_no_step():
    with pytest.raises((GradvizError, TypeError)):
        assert_gradients(nn.Linear(1, 1))


def test_a_step_of_an_optimizer_trains_what_it_holds():
    model = net()
    optimizer = torch.optim.SGD(model["b"].parameters(), lr=0.1)

    def step():
        loss = whole(model)
        loss.backward()
        optimizer.step()
        return loss, model

    assert_trains(step, "b.*")
    with pytest.raises(AssertionError, match="not trained: no optimizer holds it"):
        assert_trains(step, "*")


def test_without_a_step_of_an_optimizer_nothing_can_be_held_to_train():
    model = net()
    with pytest.raises(ExpectationError):
        assert_trains(lambda: (whole(model), model))


def test_a_shape_that_is_not_there_or_another_is_told_with_the_way_to_take_it(tmp_path):
    file = tmp_path / "shape.txt"
    with pytest.raises(AssertionError, match="--gradviz-update writes it"):
        assert_graph_shape(none(), file)
    file.write_text("another\n")
    with pytest.raises(AssertionError, match=r"-another(.|\n)*\+loss"):
        assert_graph_shape(none(), file)
    with pytest.raises(GradvizError, match="unknown level"):
        assert_graph_shape(none(), file, level="layers")
