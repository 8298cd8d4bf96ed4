"""One class for each tool, with the settings that show most of what it can tell.

``graph`` watches one forward and backward, and returns what the tool made of it; ``picture`` writes
that to a file and returns its path; ``fates`` is what it says of each parameter, as one of the
words gets, none, frozen, cut, unused, still (gradient arrives and it does not train), trains;
``text`` is everything it says in words.
"""

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Steps = list[torch.optim.Optimizer]


class Tool:
    """What does nothing but the step itself."""

    draws = False

    def end(self, model: nn.Module) -> None:
        """Let go of the model, as the tool's manual says."""

    def graph(self, model: nn.Module, x: Tensor, optimizers: Steps) -> Any:
        """Run a step under the tool."""
        loss = model(x)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        return loss

    def picture(self, made: Any, folder: Path) -> Path | None:
        """Write the picture."""

    def fates(self, made: Any, model: nn.Module) -> dict[str, str]:
        """Return what it says of parameters."""
        return {}

    def text(self, made: Any) -> str:
        """Return what it says in words, beside what it prints."""
        return ""


class Gradviz(Tool):
    """A trace around the step."""

    draws = True

    def graph(self, model, x, optimizers):
        import gradviz

        with gradviz.trace() as trace:
            loss = super().graph(model, x, optimizers)
        return trace.report(loss, model)

    def picture(self, made, folder):
        made.to_svg(folder / "g.svg")
        return folder / "g.svg"

    def fates(self, made, model):
        words = {name: str(one.verdict) for name, one in made.parameters.items()}
        words = {name: "gets" if word == "reached" else word for name, word in words.items()}
        if made.training is not None:
            for fate in made.training.parameters:
                if words[fate.name] == "gets" and fate.trains is not None:
                    words[fate.name] = "trains" if fate.trains else "still"
        return words

    def text(self, made):
        return str(made)


class Torchviz(Tool):
    """make_dot with the parameters' names and attributes, and a stack as deep as it needs."""

    draws = True

    def graph(self, model, x, optimizers):
        from torchviz import make_dot

        loss = model(x)
        dot = make_dot(loss, params=dict(model.named_parameters()), show_attrs=True)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        return dot

    def picture(self, made, folder):
        return Path(made.render(str(folder / "g"), format="svg"))

    def fates(self, made, model):
        return {
            name: "gets" if f"{name}\n (" in made.source else "none"
            for name, _ in model.named_parameters()
        }

    def text(self, made):
        return made.source


class Torchview(Tool):
    """draw_graph, all modules open."""

    draws = True

    def graph(self, model, x, optimizers):
        from torchview import draw_graph

        made = draw_graph(model, input_data=x, mode="train", depth=20, expand_nested=True)
        super().graph(model, x, optimizers)  # it runs a forward of its own
        return made

    def picture(self, made, folder):
        return Path(made.visual_graph.render(str(folder / "g"), format="svg"))

    def text(self, made):
        return made.visual_graph.source


class Torchlens(Tool):
    """A trace with code context, then its own backward."""

    draws = True

    def graph(self, model, x, optimizers):
        import torchlens

        trace = torchlens.trace(model, x)
        loss = trace[trace.output_layers[0]].out
        trace.log_backward(loss)
        for optimizer in optimizers:
            optimizer.step()
        return trace

    def picture(self, made, folder):
        made.draw(vis_outpath=str(folder / "g"), vis_save_only=True, vis_fileformat="svg")
        return folder / "g.svg"

    def fates(self, made, model):
        unused = set(made.unexecuted_param_names)
        return {
            one.address: "unused"
            if one.address in unused
            else "frozen"
            if not one.is_trainable
            else "gets"
            if one.has_grad
            else "cut"
            for one in made.params
        }

    def text(self, made):
        severs = [
            f"{op.func_name}: {context.file}:{context.line_number}"
            for op in made.ops
            if op.func_name in ("detach", "detach_")
            for context in op.code_context
        ]
        return "\n".join([made.summary(), str(made.find_nan()), *severs])


class Torchvista(Tool):
    """trace_model, all modules open, to a page of HTML."""

    draws = True

    def graph(self, model, x, optimizers):
        self.model, self.x = model, x
        return super().graph(model, x, optimizers)

    def picture(self, made, folder):
        from torchvista import trace_model

        target = folder / "g.html"
        trace_model(
            self.model,
            self.x,
            collapse_modules_after_depth=20,
            export_format="html",
            export_path=str(target),
        )
        return target


class Torchinfo(Tool):
    """summary, with the column that says what is trainable."""

    def graph(self, model, x, optimizers):
        import torchinfo

        made = torchinfo.summary(
            model,
            input_data=x,
            mode="train",
            depth=20,
            verbose=0,
            col_names=("output_size", "num_params", "trainable"),
            row_settings=("var_names", "depth"),
        )
        super().graph(model, x, optimizers)  # it runs a forward of its own
        return made

    def fates(self, made, model):
        trainable = {layer.var_name: layer.trainable for layer in made.summary_list if layer.depth}
        return {
            name: "frozen"
            for name, _ in model.named_parameters()
            if trainable.get(name.split(".")[0]) == "False"
        }

    def text(self, made):
        return str(made)


class Anomaly(Tool):
    """torch.autograd.detect_anomaly around the step."""

    def graph(self, model, x, optimizers):
        with warnings.catch_warnings(), torch.autograd.detect_anomaly():
            warnings.simplefilter("always")  # it tells the line in a warning
            return super().graph(model, x, optimizers)


class Wandb(Tool):
    """wandb.watch of gradients and parameters at every step, offline."""

    run: Any = None

    def graph(self, model, x, optimizers):
        import wandb

        if self.run is None:
            self.run = wandb.init(mode="offline", dir=os.environ["PEERS_FOLDER"], project="peers")
            self.run.watch(model, log="all", log_freq=1, log_graph=True)
        loss = super().graph(model, x, optimizers)
        self.run.log({"loss": loss.item()})
        return dict(self.run.summary)

    def end(self, model):
        self.run.unwatch(model)
        self.run.finish()

    def fates(self, made, model):
        keys = set(made)
        return {
            name: "gets" if f"gradients/{name}" in keys else "none"
            for name, _ in model.named_parameters()
        }

    def text(self, made):
        return "\n".join(made)


TOOLS: dict[str, type[Tool]] = {
    "gradviz": Gradviz,
    "torchviz": Torchviz,
    "torchview": Torchview,
    "torchlens": Torchlens,
    "torchvista": Torchvista,
    "torchinfo": Torchinfo,
    "anomaly mode": Anomaly,
    "wandb.watch": Wandb,
}


def deep() -> None:
    """Give tools that recurse the stack they need."""
    sys.setrecursionlimit(200_000)
