"""What ``gradviz run`` costs.

A script's time to its third backward call with and without it, and its steps after that.

    python benchmarks/run.py [runs]

At most 1.15 of the time from the start of training to the third backward call, at most 1.0 s of
start-up and writing besides, and nothing measurable per step after the last traced call. The script
prints its own clock, so that importing torch is told apart. Three runs take some four minutes: a
step of GPT-2 needs seconds on one thread.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

MODELS = {
    "GPT-2 small, 64 tokens": "transformers.GPT2LMHeadModel(transformers.GPT2Config())",
    "Llama, 32 layers of 256": (
        "transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=1000, hidden_size=256,"
        " intermediate_size=688, num_hidden_layers=32, num_attention_heads=8,"
        " num_key_value_heads=4))"
    ),
}
SCRIPT = """
import json, time
began = time.perf_counter()
import torch, transformers
torch.set_num_threads(1)
torch.manual_seed(0)
imported = time.perf_counter()
model = {model}.train()
ids = torch.randint(0, 1000, ({batch}, {length}))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
ends, clocks = [], [time.process_time()]
for step in range(3 + {after}):
    optimizer.zero_grad()
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    ends.append(time.perf_counter())
    optimizer.step()
    clocks.append(time.process_time())
steps = [b - a for a, b in zip(clocks, clocks[1:])]
after = sorted(steps[4:])[len(steps[4:]) // 2]
times = dict(third=ends[2] - imported, whole=ends[2] - began, after=after)
print(json.dumps(dict(times, loss=loss.item())))
"""


def clocked(*command: str) -> dict[str, float]:
    """Run a script that prints its clock."""
    done = subprocess.run(
        [sys.executable, *command],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return json.loads(done.stdout.splitlines()[-1])


def main(runs: int = 3) -> int:
    """Measure, print, and return 1 where a bound does not hold."""
    good = True
    print(
        f"{'':26} {'plain':>9} {'run':>9}  {'ratio':>6} {'more':>8}   {'a step after: plain':>20}"
        f" {'run':>9}  ratio"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, model in MODELS.items():
            path = Path(folder, "train.py")
            path.write_text(SCRIPT.format(model=model, batch=8, length=64, after=5))
            plain, watched = [], []
            for _ in range(runs):
                plain.append(clocked(str(path)))
                watched.append(
                    clocked(
                        "-m", "gradviz", "run", "-o", str(Path(folder, "report.json")), str(path)
                    )
                )
            assert {each["loss"] for each in plain} == {each["loss"] for each in watched}
            third, traced = (
                statistics.median(each["third"] for each in some) for some in (plain, watched)
            )
            before, after = (min(each["after"] for each in some) for some in (plain, watched))
            more = traced - third
            holds = more <= 0.15 * third + 1.0 and after / before <= 1.05
            good &= holds
            print(
                f"{name:26} {third:7.2f} s {traced:7.2f} s  {traced / third:6.3f} {more:6.2f} s  "
                f" {before * 1e3:17.1f} ms {after * 1e3:6.1f} ms  {after / before:.3f} "
                f" {'ok' if holds else 'MISSED'}"
            )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
