"""What watches one step from its beginning to its report.

``trace`` puts the recording and the watch over optimizers together, ``make_dot`` is torchviz's own
function, and ``known_answers`` is the self-test on a torch that nobody has tried.
"""
