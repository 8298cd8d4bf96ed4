"""Scripts that trace themselves under ``gradviz run``."""

TRAIN = """
import gradviz, torch
torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
def step():
    optimizer.zero_grad()
    loss = model(torch.randn(2, 4)).square().mean()
    loss.backward()
    return loss
{before}
for _ in range(2):
    with gradviz.trace() as trace:
        loss = step()
    print(trace.report(loss, model))
    optimizer.step()
print(loss.item())
"""
ASIDE = "gradviz: The script traces itself at train.py:13, so gradviz run watches no further.\n"


def test_a_script_that_traces_itself_runs_on_undisturbed(scripts):
    scripts.write("train.py", TRAIN.format(before=""))
    ran = scripts.run("train.py")
    assert (ran.code, ran.out, ran.err) == (0, scripts.python("train.py").out, ASIDE)


def test_what_came_before_its_own_trace_is_told(scripts):
    scripts.write("train.py", TRAIN.format(before="step(); optimizer.step()"))
    ran = scripts.run("train.py")
    assert (ran.code, ran.out) == (0, scripts.python("train.py").out)
    assert ran.err.startswith("gradviz: backward 1, loss at train.py:9: loss.backward()\n")
    assert ran.err.endswith(f"{ASIDE}gradviz: All 2 parameters train.\n")


def test_an_error_in_its_own_trace_is_the_scripts(scripts):
    scripts.write("train.py", TRAIN.format(before="").replace("loss = step()", "raise KeyError(7)"))
    ran = scripts.run("train.py")
    assert ran.code == 1
    assert ran.err.startswith(ASIDE)
    assert ran.err.endswith("KeyError: 7\n")
    assert "running/" not in ran.err
