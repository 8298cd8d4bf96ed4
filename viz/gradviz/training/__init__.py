"""Does it train?

What optimizers do to parameters while they are watched, from the gradient that arrives to the
weight that moves.
"""
