"""Random programs and the oracle that judges them."""
