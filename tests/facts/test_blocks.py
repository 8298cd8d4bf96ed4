"""What ran where one line had switched grad mode off is told as one cut, at that line.

Two such lines are two cuts.
"""

import torch
from torch import nn

import gradviz
from gradviz.facts.blocks import by_block
from gradviz.render.sentences import headline
from gradviz.render.text import render_text


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        x = self.first(x)
        return self.second(x).tanh()


def towers(block):
    teacher, anchor, student = Tower(), Tower(), Tower()
    x = torch.randn(4, 3)
    with block():  # the teacher's
        a = teacher(x)
    with block():  # the anchor's
        b = anchor(x)
    loss = (student(x) - a.clone() - b.clone()).square().mean()
    return loss, nn.ModuleDict({"teacher": teacher, "anchor": anchor, "student": student})


def traced(step):
    with gradviz.trace() as trace:
        loss, model = step()
    return trace.report(loss, model)


def lines_of(report, prefix):
    return {
        cut.code
        for name, one in report.parameters.items()
        if name.startswith(prefix)
        for cut in one.cuts
    }


def test_two_blocks_that_run_the_same_lines_are_two_cuts_each_with_its_own_parameters():
    for block in (torch.no_grad, torch.inference_mode):
        report = by_block(traced(lambda block=block: towers(block)))
        assert lines_of(report, "teacher") == {"with block():  # the teacher's"}
        assert lines_of(report, "anchor") == {"with block():  # the anchor's"}
        assert len(report.cuts) == 2


def test_the_data_keeps_a_cut_for_each_line_that_ran_in_a_block():
    report = traced(lambda: towers(torch.no_grad))
    codes = [cut.code for cut in report.cuts]
    assert sorted(codes) == ["return self.second(x).tanh()"] * 2 + ["x = self.first(x)"] * 2
    assert all(cut.block is not None for cut in report.cuts)


def test_text_and_headline_name_the_with_and_the_text_what_ran_in_it():
    report = traced(lambda: towers(torch.no_grad))
    text = render_text(report)
    assert text.count("Cut by torch.no_grad()") == 2
    assert "with block():  # the teacher's" in text
    assert "ran in it: " in text
    line = next(cut.block.line for cut in report.cuts if cut.parameters[0].startswith("teacher"))
    assert f"torch.no_grad() at test_blocks.py:{line} cuts off teacher" in headline(report)


def test_a_decorator_is_named_and_of_a_function_wrapped_later_the_line_that_calls_it():
    @torch.inference_mode()
    def embed(tower, x):
        return tower(x)

    def decorated():
        model, x = Tower(), torch.randn(4, 3)
        return (model(x) - embed(model, x).clone()).square().mean(), model

    def wrapped():
        model = Tower()
        model.second.forward = torch.no_grad()(model.second.forward)
        hidden = model(torch.randn(4, 3))
        return (hidden * nn.Linear(3, 3)(hidden)).mean(), model

    assert {cut.code for cut in by_block(traced(decorated)).cuts} == {"@torch.inference_mode()"}
    assert {cut.code for cut in by_block(traced(wrapped)).cuts} == {"return self.second(x).tanh()"}


def test_a_report_without_a_block_stays_the_report_that_it_is():
    def step():
        model = Tower()
        return model(torch.randn(4, 3)).detach().mean() + model.first(torch.ones(1, 3)).sum(), model

    report = traced(step)
    assert by_block(report) is report
    told = by_block(traced(lambda: towers(torch.no_grad)))
    assert by_block(told) is told
