"""How much of a graph is shown: which modules are open, and what is drawn as one."""
