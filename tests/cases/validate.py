"""Runs every case and checks its EXPECT against torch itself.

    python validate.py            all cases, summary at the end; exit 1 if any check fails
    python validate.py 012 041    only cases whose file name starts so
    python validate.py -v         also the advisory finite-difference check of PARTIAL

Hard checks
  names      EXPECT has exactly the names of model.named_parameters()
  frozen     requires_grad is False
  reached    gradient present, not all zero
  zero       gradient present, all zero
  cut/unused gradient None
  two ways   torch.autograd.grad(allow_unused=True) and a fresh step() + loss.backward() agree
             (cases with BACKWARD_ONLY are judged by backward() alone: reentrant checkpointing)
  raises     RAISES given <=> loss does not require grad
  value      a "cut" parameter changes the loss value when it is perturbed, an "unused" one never does: this is what separates
             the two verdicts mechanically. The case's source is rewritten so that the model is perturbed right after it is assigned to
             `model` in step(). VALUE_INDEPENDENT_OK names cut parameters where no reasonable perturbation changes a discrete result.
  lines      every source line named in CUTS/ZEROS/ALT/LIBRARY_CUTS occurs in the file
  extras     UNREGISTERED (leaf tensors in the graph that are not parameters of the model), NOT_OPTIMIZED (not in model.opt)
"""
import ast
import collections
import copy
import importlib.util
import pathlib
import sys
import time
import warnings

import torch

HERE = pathlib.Path(__file__).parent
VERDICTS = {"reached", "frozen", "cut", "unused", "zero"}


def load(path, tap=None):
    src = path.read_text()
    if tap is not None:
        tree = ast.parse(src)
        fn = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "step")
        out = []
        for node in fn.body:
            out.append(node)
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "model" for t in node.targets):
                out.append(ast.parse("__tap__(model)").body[0])
        fn.body = out
        src = ast.unparse(ast.fix_missing_locations(tree))
    mod = {"__name__": "case_" + path.stem, "__tap__": tap, "__file__": str(path)}
    exec(compile(src, str(path), "exec"), mod)
    return mod


def run(mod):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return mod["step"]()
    finally:
        torch.set_grad_enabled(True)


def leaves_of(loss):
    seen, out, stack = set(), {}, [loss.grad_fn] if loss.grad_fn is not None else []
    if loss.grad_fn is None and loss.requires_grad:
        return [loss]
    while stack:
        fn = stack.pop()
        if fn is None or fn in seen:
            continue
        seen.add(fn)
        v = getattr(fn, "variable", None)
        if v is not None:
            out[id(v)] = v
        stack.extend(f for f, _ in fn.next_functions)
    return list(out.values())


def grads_autograd(loss, params):
    idx = [n for n, p in params.items() if p.requires_grad]
    if not loss.requires_grad or not idx:
        return {n: None for n in params}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gs = torch.autograd.grad(loss, [params[n] for n in idx], allow_unused=True)
    res = {n: None for n in params}
    res.update(zip(idx, gs))
    return res


def grads_backward(loss, params):
    for p in params.values():
        p.grad = None
    if loss.requires_grad:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loss.backward()
    return {n: p.grad for n, p in params.items()}


def dense(g):
    """sparse gradients (nn.Embedding(sparse=True)) have no elementwise comparison"""
    return g.to_dense() if g is not None and g.is_sparse else g


def verdict_ok(v, p, g):
    g = dense(g)
    if v == "frozen":
        return p.requires_grad is False
    if not p.requires_grad:
        return False
    if v == "reached":
        return g is not None and bool((g != 0).any()) and bool(torch.isfinite(g).all())
    if v == "zero":
        return g is not None and not bool((g != 0).any())
    return g is None


def perturbed_loss(path, name, scale, seed):
    gen = torch.Generator().manual_seed(seed)

    def tap(model):
        p = dict(model.named_parameters()).get(name)
        if p is not None:
            p.data.add_(scale * torch.randn(p.shape, generator=gen).to(p.dtype))

    loss, _ = run(load(path, tap))
    return float(loss.detach())


def moves(path, name, base):
    for seed in range(4):
        for scale in (0.3, 3.0, 30.0):
            if perturbed_loss(path, name, scale, seed) != base:
                return True
    return False


def directional(path, name):
    """autograd's directional derivative against a finite difference, in double precision; None where it cannot be run"""
    old = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        loss, model = run(load(path))
        params = dict(model.named_parameters())
        mod = load(path)
        g = (grads_backward if mod.get("BACKWARD_ONLY") else grads_autograd)(loss, params)[name]
        gen = torch.Generator().manual_seed(7)
        d = torch.randn(params[name].shape, generator=gen, dtype=torch.float32).to(params[name].dtype)
        lhs = float((g * d).sum())
        vals = []
        for sgn in (1, -1):
            gen2 = torch.Generator().manual_seed(7)

            def tap(m):
                p = dict(m.named_parameters())[name]
                p.data.add_(sgn * 1e-6 * torch.randn(p.shape, generator=gen2, dtype=torch.float32).to(p.dtype))

            vals.append(float(run(load(path, tap))[0].detach()))
        return lhs, (vals[0] - vals[1]) / 2e-6
    except Exception:
        return None
    finally:
        torch.set_default_dtype(old)


def check(path, verbose):
    bad, note = [], []
    mod = load(path)
    expect, cuts, partial = mod["EXPECT"], mod["CUTS"], mod.get("PARTIAL", [])
    t0 = time.perf_counter()
    loss, model = run(mod)
    took = time.perf_counter() - t0
    params = dict(model.named_parameters())
    if took > 1.0:
        bad.append(f"slow: {took:.2f}s")
    if set(expect) != set(params):
        bad.append(f"names differ: missing {sorted(set(params) - set(expect))} extra {sorted(set(expect) - set(params))}")
        return bad, note, mod, took
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1 or not torch.isfinite(loss.detach()).all():
        bad.append("loss is not a finite scalar")
    for n in partial:
        if expect.get(n) != "reached":
            bad.append(f"PARTIAL {n} is not 'reached'")
    if partial and not cuts:
        bad.append("PARTIAL without CUTS")
    if ("cut" in expect.values()) and not cuts:
        bad.append("cut without CUTS")
    if bool(mod.get("RAISES")) != (not loss.requires_grad):
        bad.append(f"RAISES={mod.get('RAISES')!r} but loss.requires_grad={loss.requires_grad}")
    if "UNREGISTERED" in mod:
        mine = {id(p) for p in params.values()}
        n = sum(1 for v in leaves_of(loss) if id(v) not in mine)
        if mod.get("BACKWARD_ONLY") is None and n != mod["UNREGISTERED"]:
            bad.append(f"UNREGISTERED {mod['UNREGISTERED']} but found {n}")
    elif loss.requires_grad:
        mine = {id(p) for p in params.values()}
        n = sum(1 for v in leaves_of(loss) if id(v) not in mine)
        if n:
            note.append(f"{n} leaf tensors outside the model (no UNREGISTERED given)")
    if "NOT_OPTIMIZED" in mod:
        held = {id(p) for g in model.opt.param_groups for p in g["params"]}
        missing = sorted(n for n, p in params.items() if p.requires_grad and id(p) not in held)
        if missing != sorted(mod["NOT_OPTIMIZED"]):
            bad.append(f"NOT_OPTIMIZED {mod['NOT_OPTIMIZED']} but found {missing}")

    ways = {}
    if not mod.get("BACKWARD_ONLY"):
        ways["grad"] = (params, grads_autograd(loss, params))
    loss2, model2 = run(mod)
    params2 = dict(model2.named_parameters())
    ways["backward"] = (params2, grads_backward(loss2, params2))
    for how, (ps, gs) in ways.items():
        for n, v in expect.items():
            if v not in VERDICTS:
                bad.append(f"{n}: unknown verdict {v}")
            elif not verdict_ok(v, ps[n], gs[n]):
                g = dense(gs[n])
                got = "frozen" if not ps[n].requires_grad else "None" if g is None else "zero" if not bool((g != 0).any()) else "nonzero"
                bad.append(f"{n}: expected {v}, {how} says {got}")
    if float(loss.detach()) != float(loss2.detach()):
        bad.append("step() is not deterministic")

    base = float(run(load(path, lambda m: None))[0].detach())
    exempt = mod.get("VALUE_INDEPENDENT_OK", [])
    for n, v in expect.items():
        if v == "cut" and n not in exempt and not moves(path, n, base):
            bad.append(f"{n}: 'cut' but the loss never depends on its value")
        if v == "unused" and moves(path, n, base):
            bad.append(f"{n}: 'unused' but the loss depends on its value")

    lines = [l.strip() for l in path.read_text().splitlines()]
    named = [c[1] for c in cuts] + [z[1] for z in mod.get("ZEROS", [])] + list(mod.get("LIBRARY_CUTS", []))
    for k, alts in mod.get("ALT", {}).items():
        named += [k] + alts
    named += list(mod.get("ALT_KINDS", {}))
    for text in named:
        body = [l for l in lines if l == text]
        if not body:
            bad.append(f"line not in file: {text!r}")
    if verbose:
        for n, v in expect.items():
            if v != "reached":
                continue
            r = directional(path, n)
            if r is None:
                continue
            a, b = r
            off = abs(a - b) > 1e-4 * max(1e-6, abs(a), abs(b)) + 1e-8
            if off and n not in partial:
                note.append(f"FD differs, not PARTIAL: {n} {a:.6g} vs {b:.6g}")
            if not off and n in partial:
                note.append(f"FD agrees although PARTIAL: {n}")
    return bad, note, mod, took


def main():
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)  # torch imports _dynamo at the first optimizer: not the case's time
    verbose = "-v" in sys.argv
    pick = [a for a in sys.argv[1:] if not a.startswith("-")]
    paths = [p for p in sorted(HERE.glob("[0-9][0-9]*_*.py")) if not pick or any(p.name.startswith(a) for a in pick)]
    failed, total = 0, 0.0
    cases, params, kinds = collections.Counter(), collections.Counter(), collections.Counter()
    for p in paths:
        try:
            bad, note, mod, took = check(p, verbose)
        except Exception as e:
            import traceback
            bad, note, mod, took = [f"{type(e).__name__}: {e}"] + traceback.format_exc().splitlines()[-3:], [], {}, 0
        total += took
        failed += bool(bad)
        print(("FAIL " if bad else "ok   ") + p.name)
        for b in bad:
            print("       ", b)
        for b in note:
            print("   note", b)
        if mod:
            cases.update(set(mod["EXPECT"].values()))
            params.update(mod["EXPECT"].values())
            kinds.update(k for k, _ in mod["CUTS"])
            cases["PARTIAL"] += bool(mod.get("PARTIAL"))
            params["PARTIAL"] += len(mod.get("PARTIAL", []))
            cases["no bug"] += mod.get("BUG", True) is False
            cases["RAISES"] += bool(mod.get("RAISES"))
            cases["UNREGISTERED"] += "UNREGISTERED" in mod
            cases["NOT_OPTIMIZED"] += "NOT_OPTIMIZED" in mod
    print(f"\n{len(paths)} cases, {failed} failed, {total:.1f}s in step(); torch {torch.__version__}")
    print("cases with  ", dict(cases))
    print("parameters  ", dict(params))
    print("cut lines   ", dict(kinds))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
