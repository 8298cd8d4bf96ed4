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
def test_a_number_in_a_text_that_is_kept_leaves_unused_uncertain(reported, way):
    parameter = reported(
        f"""
        import csv
        import io

        import numpy


        def step(model):
            kept = io.StringIO()
            {FILLED_IN[way]}
            return model.layer(torch.ones(2)).sum() * float(kept.getvalue())
        """
    ).parameters["gate"]
    assert (str(parameter.verdict), parameter.uncertain) == ("unused", True)


@pytest.mark.parametrize("where", CHOICES)
def test_a_value_that_decides_what_runs_is_not_called_unused_for_certain(reported, where):
    gate = reported(CHOICES[where]).parameters["gate"]
    assert (gate.uncertain, gate.unused) == (True, None)


WAYS_OF_PYTHON = {
    "another name of a list": """
        def step(model):
            held = [1.0]
            settings = {"scale": held}
            settings["scale"][0] = round(model.gate.max().item())
            return model.layer(torch.ones(2)).sum() * held[0]
        """,
    "an order": """
        def step(model):
            order = [name for _, name in sorted(zip(model.gate.tolist(), "ab"))]
            return model.layer(torch.ones(2)).sum() * (2.0 if order[0] == "a" else 3.0)
        """,
    "a length": """
        def step(model):
            bar = "x" * int(model.gate.max() * 5)
            return model.layer(torch.ones(2)).sum() * len(bar)
        """,
    "a seed": """
        def step(model):
            torch.manual_seed(int(model.gate.max() * 100))
            return model.layer(torch.rand(2)).sum()
        """,
    "an attribute": """
        class Settings:
            scale = 1


        def step(model):
            settings = Settings()
            both = [settings]
            settings.scale = int(model.gate.max() * 5)
            return model.layer(torch.ones(2)).sum() * both[0].scale
        """,
    "a call that runs or not": """
        def step(model):
            found = []
            model.gate.max() > 0.5 and found.append(1)
            return model.layer(torch.ones(2)).sum() * (1 + len(found))
        """,
    "an error": """
        def step(model):
            scale = 1.0
            try:
                assert model.gate.max() < 0.5
            except AssertionError:
                scale = 2.0
            return model.layer(torch.ones(2)).sum() * scale
        """,
    "a generator": """
        def counting(number):
            while True:
                yield number


        def step(model):
            numbers = counting(int(model.gate.max() * 5))
            return model.layer(torch.ones(2)).sum() * next(numbers)
        """,
    "the environment": """
        def step(model):
            os.environ["GRADVIZ_TEST"] = str(int(model.gate.max() * 5))
            return model.layer(torch.ones(2)).sum() * int(os.environ.pop("GRADVIZ_TEST"))
        """,
    "which tensor is the loss": """
        def step(model):
            total = model.layer(torch.ones(2)).sum()
            return [total, 2 * total][int(model.gate.max() > 0.5)]
        """,
}


@pytest.mark.parametrize("way", WAYS_OF_PYTHON)
def test_what_python_makes_of_a_number_is_not_called_unused_for_certain(reported, way):
    gate = reported(WAYS_OF_PYTHON[way]).parameters["gate"]
    assert gate.uncertain or str(gate.verdict) == "cut"


BEHIND = {
    "a parameter around it": "torch.nn.Parameter(model.gate) * 2",
    "a product with another": "model.layer.weight.sum() * model.gate.detach()",
}


@pytest.mark.parametrize("way", BEHIND)
def test_what_lost_its_gradient_before_it_left_is_uncertain_too(reported, way):
    gate = reported(
        f"""
        def step(model):
            value = {BEHIND[way]}
            count = int(value.max() * 50)
            return model.layer(torch.ones(2)).sum() * len("x" * count)
        """
    ).parameters["gate"]
    assert (str(gate.verdict), gate.uncertain) == ("unused", True)


SEEN_TO_END = {
    "a text that is printed": """
        text = f"{model.gate.max().item():.2f}"
        print("gate", text)
        """,
    "a mean that is printed": """
        values, total = [], 0.0
        for value in model.gate.tolist():
            values.append(value)
            total += value
        print(total / len(values))
        """,
    "a best value that is printed": """
        best = 0.0
        if model.gate.max().item() > best:
            best = model.gate.max().item()
        print(f"best {best}")
        """,
    "a check": """
        if not torch.isfinite(model.gate).all():
            raise ValueError("not finite")
        assert model.gate.abs().max() < 100
        """,
    "nothing": "model.gate.max().item()",
}


@pytest.mark.parametrize("end", SEEN_TO_END)
def test_a_value_that_was_seen_to_go_nowhere_is_unused_for_certain(reported, end):
    lines = dedent(SEEN_TO_END[end]).strip().splitlines()
    body = "\n".join(f"    {line}" for line in lines)
    gate = reported(
        f"def step(model):\n{body}\n    return model.layer(torch.ones(2)).sum()\n"
    ).parameters["gate"]
    assert (str(gate.verdict), gate.uncertain) == ("unused", False)


def test_what_leaves_when_backward_has_begun_is_no_part_of_the_loss(reported):
    gate = reported(
        """
        def step(model):
            loss = model.layer(torch.ones(2)).sum()
            loss.backward()
            os.environ["GRADVIZ_TEST"] = str(model.gate.max().item())
            return loss
        """
    ).parameters["gate"]
    assert (str(gate.verdict), gate.uncertain) == ("unused", False)


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


@pytest.mark.parametrize(
    ("comes_in", "is_uncertain"),
    [
        ("x = torch.from_numpy(np.random.rand(2).astype('float32'))", False),
        ("x = torch.ones(2) * random.random()", True),
        ("x = torch.load(io.BytesIO(OLDER))", True),
    ],
)
def test_what_torch_saved_comes_back_as_a_number_or_where_torch_reads(
    reported, comes_in, is_uncertain
):
    report = reported(f"""
        import io
        import random
        import numpy as np

        file = io.BytesIO()
        torch.save(torch.rand(2) + 0.1, file)
        OLDER = file.getvalue()

        def step(model):
            torch.save(model.state_dict(), io.BytesIO())
            {comes_in}
            return model.layer(x).sum()
        """)
    gate = report.parameters["gate"]
    assert (gate.verdict, gate.uncertain) == ("unused", is_uncertain)


def test_what_an_optimizer_reckons_is_nothing_that_came_back(reported):
    report = reported("""
        import io

        def step(model):
            torch.save(model.state_dict(), io.BytesIO())
            optimizer = torch.optim.Adam(model.layer.parameters())
            for _ in range(2):
                model.layer(torch.ones(2)).sum().backward()
                optimizer.step()
            return model.layer(torch.ones(2)).sum()
        """)
    gate = report.parameters["gate"]
    assert (gate.verdict, gate.uncertain) == ("unused", False)


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


def test_where_watching_failed_nothing_is_surely_unused(reported, monkeypatch):
    source = """
        def step(model):
            hidden = model.layer(torch.ones(1, 2))
            return hidden.sum() + (model.gate.detach() * 2).sum()
    """
    assert reported(source).parameters["gate"].verdict == "cut"

    def fail(*_):
        raise KeyError("lost")

    monkeypatch.setattr("gradviz.recording.calls.noting.inputs_of", fail)
    with pytest.warns(RuntimeWarning, match="stopped watching"):
        report = reported(source)
    assert report.parameters["gate"].verdict == "unused"
    assert report.parameters["gate"].uncertain
    assert report.parameters["layer.weight"].verdict == "reached"
    assert any("nor whether a parameter called unused was used" in note for note in report.notes)
