// Changes of the code whose effect was measured.

/** A button that shows a patch, what it did to the step, and the patch to copy. */
function patch(number) {
  const {title, effect, diff, whole} = DATA.patches[number];
  const marks = {"+": "added", "-": "removed", "@": "hunk"};
  const markOf = line => (/^(---|\+\+\+) /.test(line) ? "near" : marks[line[0]] || "near");
  const lines = diff.map(line => h("span", {class: markOf(line)}, line || " "));
  const copy = async event => {
    const button = event.target;
    await navigator.clipboard.writeText(whole);
    button.textContent = "copied";
  };
  const shown = h(
    "div",
    {hidden: true},
    effect.map(sentence => h("p", {}, sentence)),
    h("pre", {class: "patch"}, lines),
    whole && h("button", {type: "button", class: "copy", onclick: copy}, "copy for git apply"),
  );
  const onclick = event => {
    shown.hidden = !shown.hidden;
    event.target.setAttribute("aria-expanded", flag(!shown.hidden));
  };
  return [action(`Measured patch: ${title}`, onclick, {"aria-expanded": "false"}), shown];
}

/** The patches that the culprit's text does not show already. */
function patchesOfLoss() {
  const answered = culpritOf(state.model)?.patches || [];
  const others = DATA.patches.map((_, number) => number).filter(i => !answered.includes(i));
  return others.length ? [h("h3", {}, "Measured patches"), others.map(patch)] : [];
}
