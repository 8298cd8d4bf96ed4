from torch import nn

from gradviz.training.attribute_lines import attribute_line


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
