"""What is known of a step, as plain data. Imports no torch."""
