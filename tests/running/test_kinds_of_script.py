"""Scripts of the shapes that real ones have.

What is said of each call, what steps next, and no alarm where all is well.
"""

import json

import pytest
import shapes

HEALTHY = {
    name: getattr(shapes, name)
    for name in (
        "GAN",
        "WGAN_GP",
        "SAC",
        "SIMSIAM",
        "DPO",
        "LORA",
        "LBFGS",
        "CHECKPOINTED",
        "ACCUMULATING",
    )
}


@pytest.fixture
def told(scripts):
    def tell(text: str, *options: str) -> list[str]:
        scripts.write("train.py", text)
        ran = scripts.run(*options, "train.py")
        assert ran.code == 0, ran.err
        assert ran.others == ""
        return [line.rstrip() for line in ran.said.splitlines()]

    return tell


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_script_gives_no_alarm_and_the_same_numbers(scripts, name):
    scripts.write("train.py", HEALTHY[name])
    plain, ran = scripts.python("train.py"), scripts.run("--until-stable", "train.py")
    assert (ran.code, ran.out, ran.others) == (0, plain.out, "")
    assert "backward 1" in ran.said
    assert "ALARM" not in ran.said


def test_a_gan_is_told_call_by_call(told):
    assert told(shapes.GAN) == [
        "gradviz: backward 1, errD_real at train.py:17: errD_real.backward()",
        "  reached   netD.* (4 tensors, 33 values)",
        "  unused    netG.* (6 tensors, 74 values): no call of its module was seen",
        "gradviz: backward 2, errD_fake at train.py:20: errD_fake.backward()",
        "  reached   netD.* (4 tensors, 33 values)",
        "  cut       netG.* (6 tensors, 74 values)",
        (
            "            by detach() at train.py:19: errD_fake = criterion(netD(fake.detach()),"
            " torch.zeros(5, 1))"
        ),
        (
            "gradviz: optimizerD (Adam) steps after backward 1 and 2, which reached all its"
            " parameters"
        ),
        "gradviz: backward 3, errG at train.py:24: errG.backward()",
        "  reached   netG.* (6 tensors, 74 values), netD.* (4 tensors, 33 values)",
        "gradviz: optimizerG (Adam) steps after backward 3, which reached all its parameters",
        "  also gets gradient: netD.* (4 tensors, 33 values): optimizerD holds them",
    ]


def test_a_gradient_penalty_cuts_one_route_and_the_generators_gradient_is_extra(told):
    said = "\n".join(told(shapes.WGAN_GP, "--backward", "1"))
    assert (
        "partial   generator.* (2 tensors, 10 values): one route is cut, another is alive" in said
    )
    assert "by .data at train.py:15" in said
    assert (
        "zero      discriminator.2.bias (1 value): gradient arrives, and all of it is zero" in said
    )
    assert "also gets gradient: generator.* (2 tensors, 10 values): optimizer_G holds them" in said


def test_names_of_an_agents_parts_and_of_a_bare_tensor_are_found(told):
    said = told(shapes.SAC)
    assert "  cut       agent.log_alpha (1 value)" in said
    assert (
        "agent.qf1_target.* (2 tensors, 5 values), agent.qf2_target.* (2 tensors, 5 values)"
        in "\n".join(said)
    )
    # That the targets were copied once is no route
    assert not any("partial" in line for line in said)
    assert (
        "gradviz: agent.a_optimizer (Adam) steps after backward 3, which reached its only"
        " parameter" in said
    )


def test_what_ran_in_one_no_grad_block_is_one_cut_at_the_line_that_says_so(told):
    said = told(shapes.SAC, "--backward", "1")
    place = said.index(
        "  cut       agent.actor.* (2 tensors, 8 values), agent.qf1_target.* (2 tensors, 5 values),"
        " agent.qf2_target.* (2 tensors, 5 values)"
    )
    assert said[place + 1] == "            by torch.no_grad() at train.py:23: with torch.no_grad():"
    assert not said[place + 2].startswith("            and")


def test_a_decorator_that_switches_grad_mode_off_is_named_where_it_stands(told):
    said = told(
        """
        import torch
        from torch import nn
        student, teacher = nn.Linear(2, 2), nn.Linear(2, 2)
        @torch.no_grad()
        def target(x):
            x = teacher(x)
            return x * 2
        for step in range(2):
            (student(torch.ones(2)) - target(torch.ones(2))).sum().backward()
        """,
        "--backward",
        "1",
    )
    assert said[2:4] == [
        "  cut       teacher.* (2 tensors, 6 values)",
        "            by torch.no_grad() at train.py:5: @torch.no_grad()",
    ]


def test_a_target_network_that_follows_slowly_is_no_route_to_what_it_follows(told):
    said = told(
        """
        import torch
        from torch import nn
        torch.manual_seed(0)
        q, target = nn.Linear(2, 1), nn.Linear(2, 1)
        optimizer = torch.optim.SGD(q.parameters(), lr=0.1)
        for step in range(3):
            with torch.no_grad():
                wanted = target(torch.randn(4, 2))
            optimizer.zero_grad()
            loss = (q(torch.randn(4, 2)) - wanted).square().mean()
            loss.backward()
            optimizer.step()
            for slow, fast in zip(target.parameters(), q.parameters()):
                slow.data.copy_(0.1 * fast.data + 0.9 * slow.data)
        """,
        "--backward",
        "3",
    )
    assert said[1:4] == [
        "  reached   q.* (2 tensors, 3 values)",
        "  cut       target.* (2 tensors, 3 values)",
        "            by torch.no_grad() at train.py:8: with torch.no_grad():",
    ]


def test_a_head_left_over_is_calmly_unused_and_the_trained_model_names_what_both_have(told):
    said = told(shapes.SIMSIAM, "--backward", "1")
    assert any(line.startswith("  unused    resnet.* (2 tensors, 70 values): ") for line in said)
    assert (
        "  partial   model.backbone.* (2 tensors, 42 values): one route is cut, another is"
        " alive, often on purpose" in said
    )
    assert "            by detach() at train.py:14: z = z.detach()" in said


def test_a_frozen_base_is_a_line_and_lora_is_zero_at_the_first_call_only(told):
    said = told(shapes.LORA, "--backward", "1,2")
    assert said.count("  frozen    model: 24 of 28 parameters (504 of 552 values)") == 2
    first, second = (
        index for index, line in enumerate(said) if line.startswith("gradviz: backward")
    )
    assert any(
        line.startswith("  zero      model.3,7.lora_A.weight (2 tensors, 24 values): gradient")
        for line in said[first:second]
    )
    assert (
        "  no longer zero: model.3,7.lora_A.weight (2 tensors, 24 values), reached now; zero at"
        " backward 1" in said[second:]
    )
    assert not any(line.startswith("  zero") for line in said[second:])


def test_calls_inside_one_step_are_tied_to_it(told):
    said = told(shapes.LBFGS)
    assert [line for line in said if "steps" in line] == [
        "gradviz: optimizer (LBFGS) steps after backward 1, 2 and 3, which reached 3 of its 4"
        " parameters"
    ]  # weight_hh meets a state of zeros


def test_several_losses_before_one_step_are_judged_together(told):
    said = told(shapes.ACCUMULATING)
    assert any(line.startswith("  unused    right.* (2 tensors, 4 values): ") for line in said)
    assert (
        "gradviz: optimizer (SGD) steps after backward 1 and 2, which reached all its parameters"
        in said
    )


def test_what_is_stepped_without_gradient_is_an_alarm_with_its_line(told):
    said = told(shapes.CUT, "--backward", "1")
    start = said.index(
        "gradviz: ALARM: optimizer (Adam) steps 4 parameters that no gradient reached, after"
        " backward 1"
    )
    assert said[start + 1 : start + 3] == [
        "  not trained: net.encoder.* (2 tensors, 12 values)",
        "            by detach() at train.py:10: h = self.encoder(x).detach()",
    ]
    assert said[start + 3].startswith("  means     ")
    assert said[-2:] == [
        "  not trained: net.spare.* (2 tensors, 4 values)",
        "            their values did not go into the loss",
    ]


def test_the_file_is_whole_and_led_by_the_alarm(scripts):
    scripts.write("train.py", shapes.CUT)
    for name in ("report.json", "report.html", "report.svg", "report.txt"):
        assert scripts.run("-o", name, "--backward", "1,2", "train.py").code == 0
        assert (scripts.folder / name).stat().st_size
    report = json.loads((scripts.folder / "report.json").read_text())
    assert [each["line"] for each in report["backwards"]] == [17, 17]
    assert report["together"]["notes"][0].startswith("ALARM: optimizer (Adam) steps 4 parameters")
    verdicts = {one["name"]: one["verdict"] for one in report["backwards"][0]["parameters"]}
    assert verdicts["net.encoder.weight"] == "cut"
    assert verdicts["net.head.weight"] == "reached"
    assert verdicts["net.spare.bias"] == "unused"


@pytest.mark.parametrize(
    "end",
    ["raise IndexError", "os._exit(3)", "os.kill(os.getpid(), 9)", "optimizer.step(); os._exit(4)"],
)
def test_nothing_is_lost_where_the_script_dies_right_after(scripts, end):
    scripts.write(
        "train.py",
        shapes.CUT.replace("    loss.backward()\n", f"    loss.backward()\n    import os; {end}\n"),
    )
    plain, ran = scripts.python("train.py"), scripts.run("-o", "report.json", "train.py")
    assert (ran.code, ran.others) == (plain.code, plain.others)
    assert "cut       net.encoder.* (2 tensors, 12 values)" in ran.said
    assert ("ALARM" in ran.said) == end.startswith("optimizer")
    assert json.loads((scripts.folder / "report.json").read_text())["backwards"]


def test_which_calls_are_told_of(told):
    def numbers(said):
        return [
            int(line.split(",")[0].rpartition(" ")[2])
            for line in said
            if line.startswith("gradviz: backward")
        ]

    assert numbers(told(shapes.CUT)) == [1, 2, 3]
    assert numbers(told(shapes.CUT, "--backward", "2,4")) == [2, 4]
    assert numbers(told(shapes.CUT, "--every", "2")) == [2, 4]
    assert numbers(told(shapes.CUT.replace("range(4)", "range(9)"), "--until-stable")) == [
        1,
        2,
        3,
        4,
    ]


def test_stop_ends_the_script_once_what_steps_next_is_known(scripts):
    scripts.write("train.py", shapes.GAN + "print('the end')\n")
    ran = scripts.run("--stop", "train.py")
    assert (ran.code, ran.out) == (0, "")
    assert "optimizerG (Adam) is about to step after backward 3" in ran.said


def test_a_script_that_gradviz_ends_before_its_first_step_is_not_said_never_to_step(scripts):
    scripts.write("train.py", shapes.CUT)
    ran = scripts.run("--backward", "1", "--stop", "train.py")
    assert "never steps" not in ran.said
    assert "is about to step" in ran.said
    assert ran.end == (
        "gradviz: The run was stopped before the first step of an optimizer, so whether parameters"
        " train is not known; --until-stepped goes on to it.\n"
    )


@pytest.mark.parametrize("shape", ["SOUND", "CUT"])
def test_after_the_last_call_nothing_is_patched_and_steps_alone_are_looked_at(scripts, shape):
    sound = """
import torch
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for _ in range(5):
    optimizer.zero_grad()
    model(torch.ones(4, 3)).square().sum().backward()
    optimizer.step()
"""
    scripts.write(
        "train.py",
        (sound if shape == "SOUND" else shapes.CUT)
        + """
from gradviz.recording import seams
from gradviz.tracing import trace
print([getattr(f, "__wrapped__", None) for f in (torch.autograd.backward, torch.autograd.grad, torch.Tensor.backward)])
import torch.optim.optimizer as optimizers
print(len(optimizers._global_optimizer_pre_hooks), torch.overrides._len_torch_function_stack())
print(seams._installed, trace._watching.trace)
""",
    )
    assert scripts.run("train.py").out == "[None, None, None]\n1 0\n[] None\n"


def test_gradients_of_gradients_alone_are_said_as_their_own_kind(told):
    said = told("""
        import torch
        model = torch.nn.Linear(2, 1)
        for _ in range(2):
            loss = model(torch.ones(1, 2)).sum()
            for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
                p.data -= 0.1 * g
        """)
    assert (
        said[0] == "gradviz: torch.autograd.grad 1, loss at train.py:6: for p, g in"
        " zip(model.parameters(), "
        "torch.autograd.grad(loss, list(model.parameters()))):"
    )
    assert (
        said[-1]
        == "gradviz: No backward call was seen in this process: torch.autograd.grad was called"
        " twice."
    )


FROZEN_HELD = """
import torch
from torch import nn
norm, head = nn.BatchNorm1d(3), nn.Linear(3, 2)
norm.requires_grad_(False)
optimizer = torch.optim.SGD([*norm.parameters(), *head.parameters()], lr=0.1)
head(norm(torch.randn(4, 3))).pow(2).sum().backward()
optimizer.step()
"""


def test_frozen_parameters_that_an_optimizer_holds_are_not_said_to_get_gradient(told):
    assert (
        "gradviz: optimizer (SGD) steps after backward 1, which reached 2 of its 4 parameters, 2"
        " are frozen" in told(FROZEN_HELD)
    )


def test_the_line_that_froze_a_part_of_the_model_is_told(told):
    said = told(FROZEN_HELD)
    where = said.index("  frozen    norm: all 2 parameters (6 of 6 values)")
    assert said[where + 1] == "            at train.py:5: norm.requires_grad_(False)"


TOGGLING = """
import torch
from torch import nn
generator, critic = nn.Linear(4, 4), nn.Linear(4, 1)
for step in range(2):
    critic.requires_grad_(False)
    critic(generator(torch.ones(8, 4))).mean().backward()
    critic.requires_grad_(True)
    generator.requires_grad_(False)
    (critic(torch.ones(8, 4)).mean() - critic(generator(torch.ones(8, 4))).mean()).backward()
    generator.requires_grad_(True)
"""


def test_networks_that_are_frozen_in_turns_are_told_call_by_call(told):
    said = told(TOGGLING, "--backward", "1-4")
    assert not [line for line in said if line.startswith("  note")]
    second = said.index("  reached   critic.weight (4 values)")
    assert said[second + 1].startswith(
        "  zero      critic.bias (1 value): gradient arrives, and all of it is zero"
    )
    assert said[second + 4 : second + 6] == [
        "  frozen    generator: all 2 parameters (20 of 20 values)",
        "            at train.py:9: generator.requires_grad_(False)",
    ]
    assert said[-2:] == [
        (
            "gradviz: backward 4, loss at train.py:10, as in backward 2: 4 parameters, 2 frozen, 1"
            " reached and 1 zero"
        ),
        "  stays     critic.bias (1 value): zero at backward 2 too",
    ]


ACCUMULATED = """
import torch
from torch import nn
encoder, critic = nn.Linear(4, 4), nn.Linear(4, 1)
optimizer = torch.optim.SGD([*encoder.parameters(), *critic.parameters()], lr=0.1)
for step in range(8):
    hidden = encoder(torch.ones(3, 4))
    value = critic(hidden.detach()).pow(2).mean()
    again = torch.tensor(value.item(), requires_grad=True)
    (value / 2).backward()
    (again / 2).backward()
    if step % 2:
        optimizer.step()
        optimizer.zero_grad()
"""


def test_a_step_is_awaited_beyond_the_last_call_told_of(told):
    said = told(ACCUMULATED)
    assert [line.split(",")[0] for line in said if "and 4" in line] == [
        "gradviz: ALARM: optimizer (SGD) steps 2 parameters that no gradient reached"
    ]
    assert (
        said[said.index("  not trained: encoder.* (2 tensors, 20 values)") + 1]
        == "            by detach() at train.py:8: value = critic(hidden.detach()).pow(2).mean()"
    )


def test_a_zero_that_a_call_not_told_of_makes_up_for_is_no_zero_of_the_step(told):
    script = """
        import torch
        from torch import nn
        net = nn.Linear(4, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for step in range(2):
            (net(torch.ones(2, 4)).sum() * step).backward()
        optimizer.step()
        """
    assert told(script, "--backward", "1")[1:] == [
        "  zero      net.* (2 tensors, 5 values): gradient arrives, and all of it is zero",
        (
            "            from a factor of zero at train.py:7: (net(torch.ones(2, 4)).sum() *"
            " step).backward()"
        ),
        "  why       the other factor is zero",
        ("gradviz: optimizer (SGD) steps after backward 1 and 2, which reached all its parameters"),
    ]


def test_a_forward_that_serves_an_earlier_call_too_is_watched_for_the_later_one(told):
    said = told(ACCUMULATED, "--every", "2")
    assert said[0].startswith("gradviz: backward 2, loss at train.py:11")
    assert not [line for line in said if "unused" in line or "note" in line]
    assert (
        "            by item() at train.py:9: again = torch.tensor(value.item(),"
        " requires_grad=True)" in said
    )


def test_an_optimizer_of_what_is_frozen_is_said_to_change_nothing(told):
    said = told(
        FROZEN_HELD.replace(
            "norm.requires_grad_(False)", "norm.requires_grad_(False); head.requires_grad_(False)"
        ).replace("torch.randn(4, 3)", "torch.randn(4, 3, requires_grad=True)")
    )
    assert (
        "gradviz: optimizer (SGD) steps after backward 1; all its 4 parameters are frozen, so this"
        " changes nothing" in said
    )
    assert any(
        line.startswith("gradviz: ALARM: ") and "frozen at train.py" in line for line in said
    )


THAWED = """
import torch
from torch import nn
net = nn.ModuleDict({"body": nn.Linear(4, 4), "norm": nn.LayerNorm(4), "head": nn.Linear(4, 1)})
net.body.requires_grad_(False)
net.norm.requires_grad_(False)
for step in range(2):
    if step:
        net.norm.requires_grad_(True)
    net.head(net.norm(net.body(torch.randn(3, 4)))).pow(2).sum().backward()
"""


def test_what_is_frozen_is_told_by_the_line_and_what_is_thawed_too(told):
    said = told(THAWED)
    first = said.index("  frozen    net: 4 of 6 parameters (28 of 33 values)")
    assert said[first + 1 : first + 3] == [
        (
            "            net.body.* (2 tensors, 20 values) at train.py:5:"
            " net.body.requires_grad_(False)"
        ),
        (
            "            net.norm.* (2 tensors, 8 values) at train.py:6:"
            " net.norm.requires_grad_(False)"
        ),
    ]
    frozen, thawed = said[-1].split(": ", 1)
    assert frozen == "  thawed    net.norm.* (2 tensors, 8 values)"
    assert thawed == "frozen at backward 1, thawed at train.py:9: net.norm.requires_grad_(True)"


FROZEN_BY = """
import torch
from torch import nn
net = nn.ModuleDict({name: nn.Linear(4, 4) for name in ("stem", "body", "norm", "head")})
net.stem.requires_grad_(False)
net.body.weight.requires_grad_(False)
FREEZE
for step in range(2):
    if step:
        net.norm.requires_grad_(True)
    net.head(net.norm(net.body(net.stem(torch.randn(3, 4))))).pow(2).sum().backward()
"""
STEM = "            net.stem.* (2 tensors, 20 values) at train.py:5: net.stem.requires_grad_(False)"


def test_lines_that_froze_in_an_earlier_call_are_not_told_again(told):
    said = told(FROZEN_BY.replace("FREEZE", "net.norm.requires_grad_(False)"))
    second = said.index("  frozen    net: 3 of 8 parameters (36 of 80 values)")
    assert said[second + 1] == "            by lines told in backward 1"
    assert said[second + 2].startswith("  thawed    net.norm.*")
    assert said.count(STEM) == 1


def test_a_line_that_froze_only_in_this_call_is_told_beside_those_that_are_known(told):
    freeze = "net.body.bias.requires_grad_(False)"
    program = FROZEN_BY.replace("FREEZE", "").replace("net.norm.requires_grad_(True)", freeze)
    said = told(program)
    second = said.index("  frozen    net: 4 of 8 parameters (40 of 80 values)")
    assert said[second + 1 : second + 3] == [
        f"            net.body.bias (4 values) at train.py:10: {freeze}",
        "            by lines told in backward 1",
    ]


def test_one_line_that_froze_is_told_as_shortly_again(told):
    freeze = "net.norm.requires_grad_(False)"
    program = FROZEN_BY.replace("FREEZE", freeze).replace(
        "net.body.weight.requires_grad_(False)", ""
    )
    assert told(program).count(STEM) == 2


PLAIN_LIST = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 4)
        self.layers = [nn.Linear(4, 4) for _ in range(3)]
        self.heads = {"a": nn.Linear(4, 1)}

    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x)
        return self.heads["a"](x)

net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
net(torch.ones(3, 4)).sum().backward()
optimizer.step()
"""


def test_layers_in_a_plain_list_that_no_optimizer_holds_are_named_with_what_would_register_them(
    told,
):
    assert told(PLAIN_LIST)[2:] == [
        "gradviz: optimizer (SGD) steps after backward 1, which reached all its parameters",
        (
            "  also gets gradient: net.layers[0..2].* (6 tensors, 60 values), net.heads['a'].*"
            " (2 tensors, 5 values): no optimizer holds them"
        ),
        (
            "            net.layers is a plain list, which net.parameters() leaves out:"
            " nn.ModuleList registers it"
        ),
        (
            "            net.heads is a plain dict, which net.parameters() leaves out:"
            " nn.ModuleDict registers it"
        ),
        (
            "gradviz: ALARM: net.layers[0..2].* (6) and net.heads['a'].* (2): no optimizer holds"
            " them (the optimizer is made at train.py:19)"
        ),
        ("  code      train.py:19: optimizer = torch.optim.SGD(net.parameters(), lr=0.1)"),
        (
            "  means     Gradient arrives, and no optimizer holds them: they stand in a plain list"
            " or dict, which"
        ),
        "            parameters() leaves out.",
        "  fix       Use nn.ModuleList or nn.ModuleDict in its place.",
    ]


def test_layers_in_a_plain_list_that_the_optimizer_was_given_are_none_of_its_business(told):
    said = told(
        PLAIN_LIST.replace(
            "net.parameters()",
            "[*net.parameters(), *(p for one in [*net.layers, net.heads['a']] for p in"
            " one.parameters())]",
        )
    )
    assert said[2:] == [
        "gradviz: optimizer (SGD) steps after backward 1, which reached all its parameters"
    ]


TWICE = """
import torch
from torch import nn
net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(3):
    hidden = net[0](torch.ones(3, 4))
    if step < 2:
        hidden = hidden.detach()
    net[2](net[1](hidden)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
"""


def test_what_was_told_before_of_the_same_line_is_said_in_a_word(told):
    said = told(TWICE)
    assert said[9:11] == [
        (
            "gradviz: backward 2, loss at train.py:10, as in backward 1: 6 parameters, 4 reached"
            " and 2 cut"
        ),
        (
            "gradviz: ALARM: optimizer (SGD) steps 2 parameters that no gradient reached, after"
            " backward 2, as after backward 1"
        ),
    ]
    assert said[11:] == [
        "gradviz: backward 3, loss at train.py:10: net[2](net[1](hidden)).sum().backward()",
        "  reached   net.* (6 tensors, 45 values)",
        "gradviz: optimizer (SGD) steps after backward 3, which reached all its parameters",
        "gradviz: net.0.* (2) train by a later step: the alarm about them is taken back.",
    ]


SERIES = """
import torch
from torch import nn
net = nn.Linear(4, 4)
hidden = net(torch.ones(3, 4)).detach()
hidden = (hidden * 2).data
(hidden * torch.ones(4, requires_grad=True)).sum().backward()
"""


def test_each_line_that_severs_the_same_route_again_is_told_with_its_code(told):
    lines = told(SERIES)
    first = lines.index("  cut       net.* (2 tensors, 20 values)")
    assert lines[first + 1 : first + 3] == [
        "            by detach() at train.py:5: hidden = net(torch.ones(3, 4)).detach()",
        "            cut again at train.py:6: hidden = (hidden * 2).data",
    ]


def test_a_failure_of_gradviz_is_one_warning_and_training_goes_on(scripts):
    scripts.write(
        "train.py",
        "import torch\nimport gradviz.running.names as names\nnames.find = None\n"
        + shapes.CUT
        + "print('trained', loss.item())\n",
    )
    ran = scripts.run("train.py")
    assert ran.code == 0
    assert ran.out.startswith("trained")
    assert (
        ran.err
        == "gradviz: stopped watching, and the script runs on undisturbed (TypeError: 'NoneType'"
        " object is not callable)\n"
    )


def test_heads_of_one_network_that_several_optimizers_hold_are_idle_where_another_loss_trains_them(
    told,
):
    said = told("""
        import torch
        from torch import nn
        torch.manual_seed(0)
        body, real, code = nn.Linear(2, 3), nn.Linear(3, 1), nn.Linear(3, 2)
        parameters = [*body.parameters(), *real.parameters(), *code.parameters()]
        optimizer_D, optimizer_info = torch.optim.Adam(parameters), torch.optim.Adam(parameters)
        for step in range(2):
            optimizer_D.zero_grad()
            d_loss = real(body(torch.randn(4, 2))).mean()
            d_loss.backward()
            optimizer_D.step()
            optimizer_info.zero_grad()
            info_loss = code(body(torch.randn(4, 2))).square().mean()
            info_loss.backward()
            optimizer_info.step()
        """)
    assert said[3:5] == [
        ("gradviz: optimizer_D (Adam) steps after backward 1, which reached 4 of its 6 parameters"),
        (
            "  unused    code.* (2 tensors, 8 values): not part of this loss; another one has reached"
            " them, or is to"
        ),
    ]
    assert not any("ALARM" in line for line in said)


def test_losses_that_take_turns_under_one_optimizer_raise_no_alarm(told):
    said = told("""
        import torch
        from torch import nn
        torch.manual_seed(0)
        heads = nn.ModuleList([nn.Linear(2, 1), nn.Linear(2, 1)])
        optimizer = torch.optim.SGD(heads.parameters(), lr=0.1)
        for step in range(3):
            optimizer.zero_grad()
            heads[step % 2](torch.randn(4, 2)).mean().backward()
            optimizer.step()
        """)
    assert not any("ALARM" in line for line in said)
    assert "  unused so far: heads.1.* (2 tensors, 3 values): a later loss may use them" in said
    assert (
        "  unused    heads.0.* (2 tensors, 3 values): not part of this loss; another one has"
        " reached them, or is to" in said
    )


def test_a_no_grad_block_goes_on_after_gradient_was_switched_on_within_it(told):
    said = told("""
        import torch
        from torch import nn
        student, teacher = nn.Linear(2, 2), nn.Linear(2, 2)
        with torch.no_grad():
            with torch.enable_grad():
                torch.ones(2) * 2
            wanted = teacher(torch.ones(2))
        (student(torch.ones(2)) - wanted).sum().backward()
        """)
    by = "            by torch.no_grad() at train.py:5: with torch.no_grad():"
    assert said[2:4] == ["  cut       teacher.* (2 tensors, 6 values)", by]
