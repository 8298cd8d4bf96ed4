"""A parameter is called unused for certain only where its value was seen to stay away."""

import importlib.util
import os
from textwrap import dedent

import pytest
import torch
from torch import nn

import gradviz

HEAD = """
import os
import torch


"""


@pytest.fixture
def reported(tmp_path):
    """Return the report of the function ``step(model)`` of some source, over a used linear layer
    and a parameter ``gate``.
    """

    def report(source):
        file = tmp_path / "program.py"
        file.write_text(HEAD + dedent(source))
        spec = importlib.util.spec_from_file_location("program", file)
        program = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(program)
        model = nn.Module()
        model.layer = nn.Linear(2, 1)
        model.gate = nn.Parameter(torch.tensor([0.8, -0.3]))
        with gradviz.trace() as trace:
            loss = program.step(model)
        return trace.report(loss, model)

    return report


CHOICES = {
    "of how often a loop runs": """
        def step(model):
            total = model.layer(torch.ones(2)).sum()
            for _ in range(int(model.gate.max() * 5)):
                total = total * 1.1
            return total
        """,
    "of how much of a list is taken": """
        def step(model):
            total = model.layer(torch.ones(2))
            for part in [torch.tanh, torch.sin, torch.cos][: int(model.gate.max().item() * 3)]:
                total = part(total)
            return total.sum()
        """,
    "of how many rows a mask keeps": """
        def step(model):
            kept = torch.ones(2)[model.gate > 0]
            return model.layer(torch.ones(2)).sum() / max(1, len(kept))
        """,
    "of how many places a condition has": """
        def step(model):
            places = torch.where(model.gate > 0)[0]
            return model.layer(torch.ones(2)).sum() / (1 + places.shape[0])
        """,
    "of how many values differ": """
        def step(model):
            return model.layer(torch.ones(2)).sum() / torch.unique(model.gate.round()).numel()
        """,
    "in a function that it is handed to": """
        factors = {"loss": 1.0}


        def note(value, factor=3.0):
            if value > 0.5:
                factors["loss"] = factor


        def step(model):
            note(model.gate.max().item())
            return model.layer(torch.ones(2)).sum() * factors["loss"]
        """,
    "of the elements of a list": """
        def step(model):
            kept = [place for place, value in enumerate(model.gate.tolist()) if value > 0]
            total = model.layer(torch.ones(2)).sum()
            return 2 * total if len(kept) > 1 else total
        """,
    "by how many of its values differ": """
        def step(model):
            levels = set(round(value, 1) for value in model.gate.tolist())
            return model.layer(torch.ones(2)).sum() * len(levels)
        """,
    "by how many of its values there are": """
        def step(model):
            count = len((model.gate > 0.5).nonzero())
            return model.layer(torch.ones(2)).sum() * (1 + count)
        """,
    "by the size of what a mask picks": """
        def step(model):
            with torch.no_grad():
                picked = model.gate.masked_select(model.gate > 0.5)
            return model.layer(torch.ones(2)).sum() * (1 + picked.shape[0])
        """,
    "in a method that it is handed to by name": """
        class Stop:
            def __call__(self, value):
                return self.judge(value=value)

            def judge(self, value):
                return value > 0.5


        def step(model):
            stop = Stop()
            x = model.layer(torch.ones(2)).sum()
            return x if stop.judge(value=model.gate.max().item()) else 2 * x
        """,
}


FILLED_IN = {
    "percent": 'kept.write("%.1f" % model.gate.max().item())',
    "savetxt": 'numpy.savetxt(kept, [model.gate.max().item()], fmt="%.1f")',
    "a row of a table": 'csv.writer(kept).writerow([f"{model.gate.max().item():.1f}"])',
}


@pytest.mark.parametrize("way", FILLED_IN)
@pytest.mark.parametrize("read", [True, False])
def test_a_number_rounded_in_a_kept_text_is_uncertain_if_one_like_it_comes_in(reported, way, read):
    back = "float(kept.getvalue())" if read else "0.7"
    parameter = reported(
        f"""
        import csv
        import io

        import numpy


        def step(model):
            kept = io.StringIO()
            {FILLED_IN[way]}
            return model.layer(torch.ones(2)).sum() * {back}
        """
    ).parameters["gate"]
    assert (str(parameter.verdict), parameter.uncertain) == ("unused", read)


@pytest.mark.parametrize("where", CHOICES)
def test_a_value_that_decides_what_runs_is_not_called_unused_for_certain(reported, where):
    assert reported(CHOICES[where]).parameters["gate"].uncertain


def test_a_value_that_is_only_handed_to_a_function_that_shows_it_is_unused_for_certain(reported):
    parameter = reported(
        """
        def show(value):
            print(f"gate {value:.2f}")


        def step(model):
            show(model.gate.max().item())
            return model.layer(torch.ones(2)).sum()
        """
    ).parameters["gate"]
    assert (str(parameter.verdict), parameter.uncertain) == ("unused", False)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_what_a_copy_of_the_process_may_have_sent_back_is_uncertain(reported):
    report = reported(
        """
        def step(model):
            end, start = os.pipe()
            child = os.fork()
            if not child:
                os.write(start, repr(model.gate.max().item() * 3).encode())
                os._exit(0)
            os.waitpid(child, 0)
            factor = float(os.read(end, 100))
            os.close(end), os.close(start)
            return (model.layer(torch.ones(2)) * factor).sum()
        """
    )
    assert report.parameters["gate"].uncertain
    assert "its value left torch at" in str(report)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_copy_of_the_process_that_nothing_comes_back_from_leaves_unused_certain(reported):
    report = reported(
        """
        def step(model):
            child = os.fork()
            if not child:
                os._exit(0)
            os.waitpid(child, 0)
            return model.layer(torch.ones(2)).sum()
        """
    )
    assert not report.parameters["gate"].uncertain


def test_data_that_torch_made_is_no_bearer_of_what_left_before(reported):
    parameter = reported(
        """
        def step(model):
            x, kept = torch.randn(2), {}
            first = model.layer(x)
            kept["gate"] = model.gate.max().item()
            return (first + model.layer(x)).sum()
        """
    ).parameters["gate"]
    assert not parameter.uncertain


THROUGH_A_FILE = """
import json


def step(model):
    with open({file!r}, "w") as file:
        json.dump({{"gate": model.gate.sum().round(decimals=1).item(), "rate": 0.25}}, file)
    with open({file!r}) as file:
        settings = json.load(file)
    return model.layer(torch.ones(2)).sum() * {factor}
"""


@pytest.mark.parametrize(
    ("factor", "uncertain"),
    [('settings["gate"]', True), ('settings["rate"]', False), ("0.5", False), ("2.0", False)],
)
def test_a_short_number_like_one_that_left_is_a_coincidence_or_not(
    reported, tmp_path, factor, uncertain
):
    gate = reported(THROUGH_A_FILE.format(file=str(tmp_path / "settings"), factor=factor))
    gate = gate.parameters["gate"]
    assert (str(gate.verdict), gate.uncertain) == ("unused", uncertain)
