"""Files of torch by which a frame is recognised, and names of functions in them."""

import os

import torch
import torch.overrides

FOLDER = os.path.dirname(torch.__file__) + os.sep
# Calls what torch.jit.trace is given; 2.6 to 2.15. Without it, constants of a traced model are in
# doubt
TRACER = os.path.join(FOLDER, "jit", "_trace.py")
OPTIMIZERS = os.path.join(FOLDER, "optim") + os.sep
# FSDP1 keeps a unit's parameters in one; 2.6 to 2.15
FLAT_PARAMETERS = os.path.join(FOLDER, "distributed", "fsdp", "_flat_param.py")
# No optimizer: it writes the values of one model into another; 2.6 to 2.15
AVERAGES = os.path.join(FOLDER, "optim", "swa_utils.py")
# no_grad, set_grad_enabled; 2.6 to 2.15
GRAD_MODE = os.path.join(FOLDER, "autograd", "grad_mode.py")
# What no_grad is as a decorator; 2.6 to 2.15
CONTEXTLIB = os.path.join(FOLDER, "utils", "_contextlib.py")
# Detaches what it is given and what it gives, unless create_graph is True; 2.6 to 2.15
FUNCTIONAL = os.path.join(FOLDER, "autograd", "functional.py")
# Of torch.autograd.functional, by a frame's name
DERIVATIVES = frozenset(("jacobian", "hessian", "vjp", "jvp", "hvp", "vhp"))
SAMPLE = "sample"  # a distribution's method that switches grad mode off; rsample does not
# Folders in which torch has things compiled for its own use, to run them at once; 2.6 to 2.15.
# Without them, an operation of a higher order is taken for code of the user's that is compiled
OF_ITS_OWN = tuple(
    os.path.join(FOLDER, *parts) + os.sep for parts in (("_higher_order_ops",), ("nn", "attention"))
)
# Where torch.func.grad, vjp and their like call torch.autograd.grad; 2.6 to 2.15. Without it, they
# count as calls of the script's own
TRANSFORMS = os.path.join(FOLDER, "_functorch", "eager_transforms.py")
# Where torch.func.linearize keeps what no tangent goes into, detached; 2.6 to 2.15. Without it,
# that is told as a detach() of the script's
FOLDED = os.path.join(FOLDER, "fx", "experimental", "const_fold.py")
# Calls an operator of torch.ops; 2.6 to 2.15. Without it, what one severs counts as torch's doing
OPERATORS = os.path.join(FOLDER, "_ops.py")
# Runs a region of an exported program with grad mode off; 2.6 to 2.15. Without it, the same for it
REGIONS = os.path.join(FOLDER, "_higher_order_ops", "wrap.py")
# Runs a graph of torch.fx operation by operation; 2.6 to 2.15. Without it, the same for these
INTERPRETER = os.path.join(FOLDER, "fx", "interpreter.py")
# Lines of these switch grad mode or hand on an operation, and decide nothing
DECIDES_NOTHING = (GRAD_MODE, CONTEXTLIB, OPERATORS)
GRAPHS = ("<eval_with_key>", INTERPRETER)  # where a graph of torch.fx runs
# Where torch.save pickles; 2.6 to 2.15. Without it, what is saved counts as what Python may compute
# with
FILES = os.path.join(FOLDER, "serialization.py")
# Whose generators take a mode off the stack for a moment; 2.6 to 2.15
OVERRIDES = torch.overrides.__file__
