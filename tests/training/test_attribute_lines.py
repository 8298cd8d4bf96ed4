from torch import nn

from gradviz.training.attribute_lines import attribute_line, replacing_line


class Inner(nn.Linear):
    def __init__(self) -> None:
        super().__init__(2, 2)
        self.experts = [1, 2]
        self.twice = 1
        self.twice = 2


class Outer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Inner()


class Below(Outer):
    pass


def test_the_line_is_that_of_the_class_that_sets_it_or_of_one_above():
    roots = {"net": Below()}
    place = attribute_line("net.inner.experts[1]", roots)
    assert place is not None
    assert place.code == "self.experts = [1, 2]"
    inner = attribute_line("net.inner", roots)
    assert inner is not None
    assert inner.code == "self.inner = Inner()"


def test_several_lines_or_none_are_no_line():
    roots = {"net": Below()}
    assert attribute_line("net.inner.twice", roots) is None
    assert attribute_line("net.inner.missing", roots) is None
    assert attribute_line("net.missing.missing", roots) is None
    assert attribute_line("other", roots) is None


MODEL = """
class Net(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(2, 2)
        self.body = nn.Linear(2, 2)

    def reset(self, classes):
        self.fc = nn.Linear(2, classes)

    def forward(self, x):
        return self.fc(self.body(x))
"""


def test_what_replaces_a_part_of_a_model_is_the_only_line_that_can(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(MODEL)
    place = replacing_line("net.fc.weight", [str(file)])
    assert place is not None
    assert place.code == "self.fc = nn.Linear(2, classes)"
    assert replacing_line("net.body.weight", [str(file)]) is None
    other = tmp_path / "other.py"
    other.write_text("net.fc = None")
    assert replacing_line("net.fc.weight", [str(file), str(other)]) is None
