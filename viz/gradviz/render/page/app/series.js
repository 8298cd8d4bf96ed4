// How much gradient there is over the calls of a run: what is chosen, and the scale.

const SERIES = DATA.series; // null unless a run was watched over time
const STEPS = 9; // of the colours of the scale, s0 to s8 in the style sheet

/** What is looked at of the series: a block, a call, and which of their numbers. */
const chosen = {block: 0, call: SERIES ? SERIES.calls.length - 1 : 0, column: "norms"};

const isNumber = value => typeof value === "number";
const isAbove = value => isNumber(value) && value > 0;

/** Where a number above zero lies on the logarithmic scale of its kind, from 0 to 1. */
function shareOf(value, column) {
  const [low, high] = SERIES.scales[column];
  return Math.min(1, Math.max(0, (Math.log10(value) - low) / (high - low)));
}

/** A number as a reader wants it; those that JSON does not know are words already. */
function amountOf(value) {
  if (value === null || value === undefined) return "not measured";
  return isAbove(value) ? value.toExponential(1) : String(value);
}

/** What is chosen, in words: for the line below the picture, and for screen readers. */
function textOfChosen() {
  const block = SERIES.blocks[chosen.block];
  const at = chosen.call;
  const zeros = block.zeros[at];
  const share = isNumber(zeros) ? `, ${(100 * zeros).toFixed(0)} % zeros` : "";
  const loss = SERIES.losses[at] === null ? "" : `; loss ${amountOf(SERIES.losses[at])}`;
  const norm = `gradient ${amountOf(block.norms[at])}`;
  const update = `update ${amountOf(block.ratios[at])}`;
  return `${block.name}, call ${grouped(SERIES.calls[at])}: ${norm}, ${update}${share}${loss}`;
}

function seriesColours() {
  const style = getComputedStyle(document.documentElement);
  const get = name => style.getPropertyValue("--" + name).trim();
  return {
    steps: Array.from({length: STEPS}, (_, step) => get("s" + step)),
    zero: get("zero-fill"),
    wild: get("cut-fill"),
  };
}
