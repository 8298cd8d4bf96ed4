// A bar on the box of each module: how much gradient its parameters get, on a logarithmic scale.

const amounts = new WeakMap(); // of each model: the norm of each group, and the scale over all

function amountsOf(model) {
  if (!amounts.has(model)) amounts.set(model, measured(model));
  return amounts.get(model);
}

function measured(model) {
  const squares = new Map();
  for (let node = 0; node < model.n; node++) {
    if (model.sort[node] !== PARAMETER || model.parameter[node] < 0) continue;
    const norm = Number(model.loss.parameters.norm[model.parameter[node]] || 0);
    if (!isAbove(norm) || norm === Infinity) continue;
    for (let at = model.parent[node]; at >= 0; at = model.parent[at]) {
      squares.set(at, (squares.get(at) || 0) + norm * norm);
    }
  }
  const logs = [...squares.values()].map(square => Math.log10(square) / 2);
  const high = Math.ceil(Math.max(...logs));
  const low = Math.min(high - 3, Math.floor(Math.min(...logs)));
  return {squares, low, high};
}

function drawAmount(thing, left, top, wide, high) {
  const {pen} = state;
  if (!SERIES) return;
  const {squares, low, high: most} = amountsOf(state.model);
  const square = squares.get(thing);
  if (!square) return;
  const share = Math.max(0.03, (Math.log10(square) / 2 - low) / (most - low));
  const full = wide - 12;
  pen.fillStyle = state.colours.frameLine;
  pen.fillRect(left + 6, top + high - 6, full, 3);
  pen.fillStyle = state.colours.accent;
  pen.fillRect(left + 6, top + high - 6, full * share, 3);
}
