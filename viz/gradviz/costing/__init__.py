"""What a step costs.

Time, what its backward runs through, and what autograd and optimizers keep for it. Measured, not
estimated.
"""
