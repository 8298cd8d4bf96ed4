"""What the article's net can be asked to do, for those who must not import torch."""

MODES = ("none", "requires-grad", "detach", "no-grad")
LAYERS = ("f1", "f2", "f3")
