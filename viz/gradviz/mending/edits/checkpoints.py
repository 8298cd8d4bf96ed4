"""Reentrant checkpointing, which loses gradient where its input needs none."""

import ast
from collections.abc import Iterator

from gradviz.mending.edit import Edit, FaultyLine, calls, keyword, last_name, proposes, with_keyword

_CALLS = ("checkpoint", "checkpoint_sequential")
# Of a model of transformers, each with the keyword of what it hands to torch
_SWITCHES = {
    "gradient_checkpointing_enable": "gradient_checkpointing_kwargs",
    "activation_checkpointing_enable": "activation_checkpointing_kwargs",
}


@proposes("checkpoint")
def not_reentrant(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that checkpoint without a second autograd."""
    for call in calls(site, *_CALLS):
        yield Edit(
            "checkpoint with use_reentrant=False",
            (with_keyword(site, call, "use_reentrant", "False"),),
        )
    for node in ast.walk(site.source.tree):  # a partial, or a function around it
        if isinstance(node, ast.Call) and last_name(node) not in _CALLS:
            given = keyword(node, "use_reentrant")
            if given is not None:
                change = site.source.replacing(given, "False")
                yield Edit("checkpoint with use_reentrant=False", (change,))


@proposes("checkpoint")
def with_input_gradients(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that tell a model of transformers, whose own code checkpoints, how to."""
    for node in ast.walk(site.source.tree):
        name = last_name(node) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in _SWITCHES:
            how = '{"use_reentrant": False}'
            change = (
                site.source.replacing(node.args[0], how)
                if node.args
                else with_keyword(site, node, _SWITCHES[name], how)
            )
            yield Edit("checkpoint with use_reentrant=False", (change,))
            statement = site.source.statement_at(node.lineno)
            if statement is not None and isinstance(node.func, ast.Attribute):
                model = site.source.code(node.func.value)
                line = f"{model}.enable_input_require_grads()"
                yield Edit(
                    "have the embeddings require grad",
                    (site.source.inserting_after(statement, line),),
                )


@proposes("checkpoint")
def live_input(site: FaultyLine) -> Iterator[Edit]:
    """Yield edits that have the input of a reentrant checkpoint require grad."""
    for call in calls(site, *_CALLS):
        if len(call.args) > 1 and isinstance(call.args[1], ast.Name):
            name = call.args[1].id
            change = site.source.replacing(call.args[1], f"{name}.requires_grad_()")
            yield Edit(f"have {name} require grad", (change,))
