"""A reentrant checkpoint runs its block under no_grad, and again in backward only if an input of it
requires grad.
"""

from gradviz.causes.cause import Cause
from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.CHECKPOINT,
        explanation=Explanation(
            "Reentrant checkpointing runs the block under no_grad. It runs it again in backward(),"
            " which trains it, only if an input of the block requires grad; here none does.",
            "Checkpoint with use_reentrant=False, which does not depend on the inputs. Where the"
            " block belongs to a transformers model: model.enable_input_require_grads(), or"
            " gradient_checkpointing_kwargs={'use_reentrant': False}.",
        ),
    ),
)
