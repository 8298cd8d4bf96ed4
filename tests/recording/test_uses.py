"""Where the source of a class calls a module that it holds."""

from torch import nn

from gradviz.recording.uses import calls_of


class Base(nn.Module):
    def encode(self, x):
        return self.encoder(x)


class Net(Base):
    def forward(this, x):  # noqa: N805  a name of its own is what is tested
        h = this.encode(x)
        if this.training:
            h = this.encoder(h)
        return this.head.weight @ h


def test_lines_of_the_class_and_of_its_bases_that_call_it_are_found():
    assert [place.code for place in calls_of(Net, "encoder")] == [
        "h = this.encoder(h)",
        "return self.encoder(x)",
    ]


def test_a_module_that_is_only_read_is_not_called():
    assert calls_of(Net, "head") == ()


def test_torch_s_own_classes_and_what_has_no_source_call_nothing():
    assert calls_of(nn.Sequential, "0") == ()
    assert calls_of(type("Made", (nn.Module,), {}), "x") == ()
