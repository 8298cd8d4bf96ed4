"""Steps of an optimizer in a run without any backward: nothing brings its parameters gradient."""

from gradviz.render.sentences import in_times, path_and_line
from gradviz.training.watch import StepWatch


def steps_in_vain(training: StepWatch) -> str:
    """Return which optimizers stepped though no parameter ever had a gradient; nothing where one
    had, or was moved. Somebody may mean it: a script that draws a schedule steps so.
    """
    training.settle()
    records = [record for record in training.optimizers.records.values() if record.steps]
    glances = training.glances.values()
    if not records or not glances:
        return ""
    if any(glance.gradient is not None or glance.moved for glance in glances):
        return ""  # by hand
    spot = records[0].spot
    line = None if spot is None else spot.calling_place or spot.place
    place = f", made at {path_and_line(line)}," if line is not None else ""
    own = f"{records[0].kind}{place}" if len(records) == 1 else f"{len(records)} optimizers"
    return f"{own} stepped {in_times(training.steps)}, and no parameter had a gradient"
