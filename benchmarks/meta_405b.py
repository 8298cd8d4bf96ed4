"""Llama-3.1-405B on the meta device.

Traced and judged, against its plain forward on the meta device.

    python benchmarks/meta_405b.py [runs]

Bounds: at most four times the plain forward, and at most 1 GB more memory. Each way runs in
processes of its own, because the peak of a process's memory cannot be reset; they take turns.
Seconds are processor time on one thread.
"""

import json
import resource
import statistics
import subprocess
import sys
import time

SHAPE = {
    "vocab_size": 128256,
    "hidden_size": 16384,
    "intermediate_size": 53248,
    "num_hidden_layers": 126,
    "num_attention_heads": 128,
    "num_key_value_heads": 8,
    "rope_theta": 500000.0,
    "rms_norm_eps": 1e-5,
}
RATIO, MEMORY = 4.0, 1024.0  # MiB


def peak() -> float:
    """The most memory that this process had so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(way: str) -> dict[str, float]:
    """Run one way in this process: build the model outside the clock, warm up on a small one."""
    import torch
    from models import transformers

    import gradviz

    def build(layers: int) -> torch.nn.Module:
        with torch.device("meta"):
            return transformers.LlamaForCausalLM(
                transformers.LlamaConfig(**{**SHAPE, "num_hidden_layers": layers})
            ).train()

    def run(model: torch.nn.Module) -> int:
        ids = torch.zeros(1, 64, dtype=torch.long, device="meta")
        if way == "plain":
            return int(model(input_ids=ids, labels=ids).loss.numel())
        with gradviz.trace() as trace:
            loss = model(input_ids=ids, labels=ids).loss
        report = trace.report(loss, model)
        assert all(str(parameter.verdict) == "reached" for parameter in report.parameters.values())
        return len(report.graph.nodes)

    torch.set_num_threads(1)
    run(build(2))
    model = build(126)
    numel = sum(parameter.numel() for parameter in model.parameters())
    before = peak()
    start = time.process_time()
    nodes = run(model)
    return {
        "seconds": time.process_time() - start,
        "memory": peak() - before,
        "nodes": nodes,
        "parameters": numel,
    }


def main(runs: int = 3) -> int:
    """Measure, print, and return 1 where a bound does not hold."""
    found: dict[str, list[dict[str, float]]] = {"plain": [], "traced": []}
    for _ in range(runs):
        for way in found:
            output = subprocess.run(
                [sys.executable, __file__, way], check=True, capture_output=True, text=True
            ).stdout
            found[way].append(json.loads(output.splitlines()[-1]))
    seconds = {
        way: statistics.median(one["seconds"] for one in each) for way, each in found.items()
    }
    more = max(one["memory"] for one in found["traced"]) - min(
        one["memory"] for one in found["plain"]
    )
    ratio = seconds["traced"] / seconds["plain"]
    last = found["traced"][-1]
    print(
        f"Llama-3.1-405B, meta device, {last['parameters'] / 1e9:.1f} billion parameters,"
        f" {last['nodes']:,.0f} nodes"
    )
    print(
        f"plain forward {seconds['plain']:.2f} s, traced and judged {seconds['traced']:.2f} s:"
        f" {ratio:.2f}, at most {RATIO:.0f}"
    )
    print(f"memory {more:.0f} MiB more, at most {MEMORY:.0f}")
    good = ratio <= RATIO and more <= MEMORY
    print("ok" if good else "MISSED")
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:] in (["plain"], ["traced"]):
        print(json.dumps(one(sys.argv[1])))
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
