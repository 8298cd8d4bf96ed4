"""The backward raised: it brought nothing to anything, whatever was recorded."""

from gradviz.causes.explanation import Explanation

RAISED = "backward() raised"
"""How the operation of a cut begins where a backward raised, and so brought nothing to anything."""

RAISED_EXPLANATION = Explanation(
    "backward() raised an error here. Nothing is called reached, although some gradient may have"
    " arrived before.",
    "Do what the error says. Where a derivative is not implemented, use operations that have one.",
)
