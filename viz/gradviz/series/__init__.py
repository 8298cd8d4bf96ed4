"""How much gradient there is over the calls of a run: plain data, and what keeps it in bounded memory. Imports no torch."""
