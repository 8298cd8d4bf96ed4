"""What is measured while a backward runs: sizes, where zeros and NaN begin, what it raised."""
