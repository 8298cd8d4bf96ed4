"""Private functions of torch by whose names calls are recognised; seen in 2.6 to 2.15.

None of them is called here. Where torch gives one another name, its calls are taken for ordinary
ones, and what each says below is lost.
"""

import torch

MAKES_A_DUAL, TAKES_A_DUAL = "_make_dual", "_unpack_dual"
"""What ``torch.autograd.forward_ad`` puts a tangent beside a value by, and takes it from there.

Without them, a tangent that is cut is not followed into what forward mode gives.
"""

FOREACH = "_foreach_"
"""How the functions begin that do to many tensors what one of the rest of the name does.

Without it, what optimizers and ``clip_grad_norm_`` write into lists of tensors is not noted.
"""

INDICES, VALUES = "_indices", "_values"
"""What reads the parts of a sparse tensor without its history.

Without the first, positions count as values.
"""

REDUCES = "_reduce_ex_internal"
"""The method in which ``Tensor.__reduce_ex__`` takes the memory out.

Without it, a pickle is told as what takes the memory for it.
"""

SUBCLASSES = tuple(
    (owner, name) for owner, name in ((torch.Tensor, "_make_subclass"),) if hasattr(owner, name)
)
"""Where a tensor of another class is made of the memory of one.

Without it, such a tensor is one that torch has not computed.
"""
