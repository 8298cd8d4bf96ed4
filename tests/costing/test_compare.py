"""Functions of the user's are compared by the names that the user gives."""

import pytest

from gradviz.costing.compare import compare
from gradviz.costing.freezing import WAYS
from gradviz.errors import GradvizError

FLOAT = 4


def test_functions_are_compared_as_the_user_names_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "steps.py").write_text(
        "import torch\nfrom torch import nn\nmodel = nn.Linear(3, 2)\n"
        "def small(): return model(torch.ones(1, 3)).sum(), model\n"
        "def large(): return (lambda: model(torch.ones(9, 3)).sum()), model\n"
        "def wrong(): return 1.0\n"
        "def anew():\n    own = nn.Linear(3, 2)\n    return own(torch.ones(1, 3)).sum(), own\n"
    )
    found = compare(["steps.py:small", "steps.py:large"], runs=2)
    assert [cost.saved for cost in found.values()] == [3 * FLOAT, 27 * FLOAT]
    turns = []
    assert list(compare(["steps.py:large"], "", runs=2, progress=turns.append)) == list(WAYS)
    assert turns == [1, 2]
    assert list(compare(["steps.py:small"], "", runs=2)) == list(WAYS)
    for functions, layer, said in (
        (["steps.py:wrong"], None, "returned no loss"),
        (["steps.py:large"], "body", "no layer 'body'"),
        (["steps.py:wrong"], "", "has to return \\(loss, model\\) or \\(forward, model\\)"),
        (["steps.py:anew"], "", "builds its model anew in each call"),
        (["steps.py:small", "steps.py:large"], "", "one function"),
    ):
        with pytest.raises(GradvizError, match=said):
            compare(functions, layer, runs=2)
