"""What was meant to happen to the gradients of a step."""
