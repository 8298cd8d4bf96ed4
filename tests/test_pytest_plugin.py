"""The pytest plugin in runs of its own, as a project that uses it has them."""

import os
import re
import subprocess
import sys

import pytest

import warm
from gradviz.article import follow

pytest_plugins = ["pytester"]

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(2, 3)
        self.head = nn.Linear(3, 1)

    def forward(self, x, keep=True):
        h = self.backbone(x)
        if not keep:
            h = h.detach()
        return self.head(h)

def step(freeze=True, keep=True):
    net = Net()
    net.backbone.requires_grad_(not freeze)
    return net(torch.ones(1, 2), keep).sum(), net
"""


@pytest.fixture(scope="module", autouse=True)
def _everything_imported(tmp_path_factory):
    """Import what a report needs.

    A run in this process takes back its imports, and torch cannot be imported twice.
    """
    report = follow("detach").report
    report.to_html(tmp_path_factory.mktemp("page") / "page.html")


@pytest.fixture
def project(pytester):
    """A project with a network, to add tests to."""
    pytester.makepyfile(net=NET)
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:randomly")
    return pytester


def test_a_step_that_is_as_expected_passes(project):
    project.makepyfile("""
        import gradviz
        from net import step

        def test_a_step():
            report = gradviz.assert_gradients(step, reached="head.*", frozen="backbone.*", cut=[], unused=[])
            assert report.parameters["head.bias"].verdict == "reached"

        def test_a_loss_alone():
            gradviz.assert_gradients(*step(), frozen="backbone.*")

        def test_a_loss_with_the_trace_that_saw_it():
            with gradviz.trace() as trace:
                loss, net = step(freeze=False, keep=False)
            gradviz.assert_gradients(loss, net, cut="backbone.*", trace=trace)
            gradviz.assert_gradients(trace.report(loss, net), cut="backbone.*")

        def test_a_function_that_returns_the_loss():
            model = step()[1]
            gradviz.assert_gradients(lambda: model.head.weight.sum(), model, reached="head.weight", frozen="backbone.*", unused="head.bias")
        """)
    project.runpytest_inprocess().assert_outcomes(passed=4)


def test_the_fixture_traces_each_block(project):
    project.makepyfile("""
        from net import step

        def test_blocks(gradients):
            with gradients:
                loss, net = step(freeze=False, keep=False)
            gradients.check(loss, net, cut="backbone.*")
            with gradients:
                loss, net = step()
            report = gradients.check(loss, net, frozen="backbone.*")
            assert report == gradients.report(loss, net)

        def test_no_block(gradients):
            assert repr(gradients) == "<gradients of nothing yet>"
            gradients.check(None)
        """)
    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*TraceError: nothing was traced yet: run the step inside 'with gradients:', then ask"
            " about its loss"
        ]
    )


def test_the_fixture_holds_what_is_meant_to_train(project):
    project.makepyfile("""
        import torch
        from net import step

        def stepped(gradients):
            with gradients:
                loss, net = step(freeze=False)
                optimizer = torch.optim.SGD(net.head.parameters(), lr=0.1)
                loss.backward()
                optimizer.step()
            return loss, net

        def test_head(gradients):
            gradients.check(*stepped(gradients), trains="head.*")

        def test_all(gradients):
            gradients.check(*stepped(gradients), trains="*")
        """)
    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*backbone.* (2 tensors, 9 values): expected trains (*), found not trained: no optim*"]
    )


def test_a_failure_prints_the_explanation_with_file_line_and_code_and_no_line_of_gradviz(project):
    project.makepyfile("""
        from net import step

        def test_it(gradients):
            with gradients:
                loss, net = step(freeze=False, keep=False)
            gradients.check(loss, net)
        """)
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       gradients.check(loss, net)",
            "E       *UnexpectedGradientsError: The gradients are not as expected.",
            (
                "E         backbone.* (2 tensors, 9 values): expected reached, found cut, by"
                " detach() at net.py:13"
            ),
            "E       Cut by detach() at net.py:13",
            "E           h = h.detach()",
            "E         cuts off  backbone.* (2 tensors, 9 values)",
            "E         means     detach() returns *",
        ]
    )
    assert "assertions.py" not in result.stdout.str()


UNDONE = """
    import gradviz
    from net import step

    def test_undone():
        gradviz.assert_gradients(lambda: step(freeze=False), frozen="backbone.*")

    def test_other():
        assert False
    """


def test_the_page_of_a_failure_is_attached_where_it_is_wanted(project):
    project.makepyfile(test_net=UNDONE)
    result = project.runpytest_inprocess("--gradviz-report=pages")
    result.assert_outcomes(failed=2)
    page = project.path / "pages" / "test_net.py-test_undone.html"
    assert [str(path) for path in (project.path / "pages").iterdir()] == [str(page)]
    assert "<html" in page.read_text()
    result.stdout.fnmatch_lines(["*- gradviz -*", f"The report as a page: {page}"])


def test_a_page_that_cannot_be_written_hides_no_failure(project):
    project.makepyfile(test_net=UNDONE)
    (project.path / "pages").write_text("a file")
    result = project.runpytest_inprocess("--gradviz-report=pages")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["E*backbone.* (2 tensors, 9 values): expected frozen*", "There is no page: cannot write *"]
    )


def test_nothing_is_written_where_nobody_wants_it(project):
    project.makepyfile(UNDONE)
    before = set(project.path.rglob("*.html"))
    project.runpytest_inprocess().assert_outcomes(failed=2)
    assert set(project.path.rglob("*.html")) == before


SHAPES = """
    import pytest
    import gradviz
    from net import step

    @pytest.mark.parametrize("level", ["operations", "modules"])
    def test_shape(gradients, level):
        with gradients:
            loss, net = step({keep})
        gradviz.assert_graph_shape(gradients.report(loss, net), f"shapes/{{level}}.txt", level=level)
    """


def test_a_shape_is_written_on_demand_compared_and_shown_as_a_diff(project):
    project.makepyfile(test_shapes=SHAPES.format(keep=""))
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*there is no shapes/operations.txt; pytest --gradviz-update writes it:",
            "E*loss <- SumBackward0 <- *",
        ]
    )

    result = project.runpytest_inprocess("--gradviz-update")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["wrote shapes/modules.txt", "wrote shapes/operations.txt"])
    assert (
        project.path / "shapes/modules.txt"
    ).read_text() == "loss\n  <- head\nbackbone: 2 frozen\nhead: 2 reached\n  <~ backbone\n"

    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=2)
    assert "wrote" not in result.stdout.str()

    project.makepyfile(test_shapes=SHAPES.format(keep="freeze=False, keep=False"))
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            (
                "E*the graph is not of the shape in shapes/modules.txt (pytest --gradviz-update"
                " takes the new one):"
            ),
            "E*-backbone: 2 frozen",
            "E*+backbone: 2 cut",
        ]
    )


def test_a_shape_that_nothing_uses_is_reported_unless_only_a_part_was_run(project):
    project.makepyfile(test_shapes=SHAPES.format(keep=""))
    project.runpytest_inprocess("--gradviz-update")
    (project.path / "shapes" / "old.txt").write_text("loss\n")
    said = "no test that ran used shapes/old.txt"
    assert said in project.runpytest_inprocess().stdout.str()
    assert said not in project.runpytest_inprocess("-k", "modules").stdout.str()
    assert said not in project.runpytest_inprocess("test_shapes.py").stdout.str()


def test_workers_of_xdist_tell_what_they_used(project):
    project.makepyfile(test_shapes=SHAPES.format(keep=""))
    project.mkdir("shapes").joinpath("old.txt").write_text("loss\n")
    result = project.runpytest_subprocess("-n", "2", "--gradviz-update", ".")
    result.assert_outcomes(passed=2)
    said = [
        "wrote shapes/modules.txt",
        "wrote shapes/operations.txt",
        "no test that ran used shapes/old.txt",
    ]
    result.stdout.fnmatch_lines(said)
    assert [line for line in result.outlines if line.startswith(("wrote", "no test"))] == said


def test_an_unknown_level_is_refused(project):
    project.makepyfile("""
        import gradviz

        def test_it():
            gradviz.assert_graph_shape(gradviz.Report(), "x.txt", level="layers")
        """)
    project.runpytest_inprocess().stdout.fnmatch_lines(
        ["*unknown level: 'layers' (choose from operations, modules)"]
    )


UNTOUCHED = """
    import sys

    def test_it():
        assert "torch" not in sys.modules
        assert {present}
    """


def test_a_run_that_does_not_use_it_imports_no_torch(project):
    project.makepyfile(UNTOUCHED.format(present='"gradviz.pytest_plugin" in sys.modules'))
    project.runpytest_subprocess().assert_outcomes(passed=1)
    project.makeconftest("import gradviz\n\ngradviz.trace")  # so the test above can fail
    project.runpytest_subprocess().assert_outcomes(failed=1)


def test_it_can_be_left_out_and_the_assertions_work_without_it(project):
    project.makepyfile(UNTOUCHED.format(present='"gradviz" not in sys.modules'))
    project.runpytest_subprocess("-p", "no:gradviz").assert_outcomes(passed=1)
    project.makepyfile(UNDONE)
    command = [sys.executable, "-m", "pytest", "-p", "no:gradviz"]
    code, out, _ = warm.server().run(command, project.path, os.environ, bare=True)
    assert code == 1
    assert "2 failed" in out
    wrong = "backbone.* (2 tensors, 9 values): expected frozen (backbone.*), found reached"
    assert re.search(f"^E.*{re.escape(wrong)}$", out, re.MULTILINE)


def test_loading_the_plugin_loads_neither_torch_nor_what_draws():
    code = (
        "import pytest, sys; import gradviz.pytest_plugin;"
        " print({'torch', 'numpy', 'graphviz', 'gradviz.render.svg'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert loaded.strip() == "set()"


def test_a_run_in_which_gradviz_is_imported_already_is_not_warned_of_it(pytester):
    pytester.makepyfile("def test_passes(): pass")
    asked = ["-q", "-p", "no:cacheprovider", "-W", "error::pytest.PytestAssertRewriteWarning"]
    program = f"import gradviz, pytest, sys; sys.exit(pytest.main({asked}))"
    result = pytester.run(sys.executable, "-c", program)
    result.assert_outcomes(passed=1)
    assert result.ret == 0
