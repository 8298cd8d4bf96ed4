"""It was computed while autograd was switched off.

no_grad, set_grad_enabled(False), inference_mode.
"""

from gradviz.causes.explanation import Explanation
from gradviz.graph import CutKind

CHECKPOINT = Explanation(
    "Reentrant checkpointing runs the block under no_grad. It runs it again in backward(), which"
    " trains it, only if an input of the block requires grad; here none does.",
    "Checkpoint with use_reentrant=False, which does not depend on the inputs. Where the block"
    " belongs to a transformers model: model.enable_input_require_grads(), or"
    " gradient_checkpointing_kwargs={'use_reentrant': False}.",
)

EXPLANATIONS = {
    CutKind.NO_GRAD: Explanation(
        "It ran under torch.no_grad(), which records no history; whatever comes out is a constant"
        " to the loss.",
        "Move what should train out of the no_grad block, or off the decorated function. To keep a"
        " part from training, requires_grad_(False) lets gradient pass through it to what comes"
        " before.",
    ),
    CutKind.SET_GRAD_ENABLED: Explanation(
        "Autograd was switched off by set_grad_enabled(False), so no history was recorded here.",
        "See what the condition was in this step; often a training flag that is not passed on, or a"
        " switch that is not put back.",
    ),
    CutKind.INFERENCE_MODE: Explanation(
        "It ran under torch.inference_mode(), which records no history and makes tensors that"
        " autograd can never use.",
        "Run what should train outside of it. Where only memory was the point, torch.no_grad()"
        " gives tensors that can be used later.",
    ),
}
