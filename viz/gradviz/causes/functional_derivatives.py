"""``torch.autograd.functional`` gave a derivative as plain numbers."""

from gradviz.causes.explanation import Explanation


def _explanation(name: str) -> Explanation:
    return Explanation(
        f"torch.autograd.functional.{name}() gives its result as plain numbers, so a loss made from"
        " it trains nothing behind it.",
        f"Pass create_graph=True to {name}(), or use torch.func, whose derivatives keep their"
        " history.",
    )


NAMES = ("jacobian", "hessian", "vjp", "jvp", "hvp", "vhp")
OPERATIONS = {f"torch.autograd.functional.{name}()": _explanation(name) for name in NAMES}
