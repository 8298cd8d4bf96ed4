"""What a step costs: time, what its backward runs through, and what autograd and optimizers keep for it. Measured, not estimated."""
