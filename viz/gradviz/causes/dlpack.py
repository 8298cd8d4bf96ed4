"""The memory went to another library through DLPack, and came back as a tensor without history."""

from gradviz.causes.cause import Cause, LeavesAs
from gradviz.graph import CutKind

CAUSES = (
    Cause(
        kind=CutKind.NUMPY,
        leaves_as=LeavesAs.MEMORY,
        calls={"__dlpack__": "from_dlpack()"},
        within_torch=True,  # torch.from_dlpack asks the tensor for it itself
        back=("from_dlpack",),
    ),
)
