// What every part uses: the report, the numbers of the drawing, the state, and small functions.

// The report, as gradviz/render/html.py writes it. All words about it are in it; the script
// arranges them, draws them and walks through them.
const DATA = JSON.parse(document.getElementById("data").textContent);
const WORDS = DATA.verdicts.map(verdict => verdict.word);
const CUT = WORDS.indexOf("cut");
const [LOSS, , MARK, PARAMETER, , STUB] = [0, 1, 2, 3, 4, 5]; // SORTS of page_things.py
const STROKE = Object.fromEntries(DATA.strokes.map((stroke, number) => [stroke.name, number]));

const isAlive = stroke => stroke === STROKE.gradient || stroke === STROKE.zero;

const IN = -1; // where a line enters an open group
const OUT = -2; // where a line leaves it
const ADVANCE = 0.6; // width of a character, in multiples of the font's size
const NAME = 12; // size of the font of names
const DETAIL = 11; // size of the font of everything else
const PAD = 10;
const HEADER = 22;
const ROW_GAP = 16;
const COLUMN_GAP = 26;
const SIDE_GAP = 16;
const STACK_GAP = 6;
const LANE = 7;
const MARK_WIDE = 14;
const NOTCH = 9; // sides of the corner that says partial
const LINE_HIGH = 14;
const FIRST_LINE = 16; // from the upper edge of a box down to the line that its name stands on
const LOW = 24; // height of a box of one line
const FAR = 1e6;
const TREE_ROW = 26; // height of a line of the tree
const SMALLEST = 26; // pixels of an open group below which it is drawn as one box
const LEGIBLE = 4.5; // pixels of a font below which no text is drawn
const READABLE = 10; // pixels of the smallest font that a first screen has, at least

/** Everything that changes while a reader looks around. */
const state = {
  models: [], // one for each loss, made when it is first shown
  model: null, // of the loss that is shown
  layout: null, // of what is open in it
  edition: 0, // counts layouts, so that one made in pauses is dropped when another is wanted
  view: {x: 0, y: 0, k: 1}, // the upper left corner of the window, and the scale
  isFitted: true, // the view follows the size of the window
  selected: -1,
  cut: -1, // the one cut of a mark that is asked for; -1 for all of it
  isFull: false, // the tree shows operations too
  near: {box: -1}, // the box that stands for what is selected
  hovered: -1,
  route: null,
  rows: null, // the lines of the tree, or null until they are asked for
  active: -1, // the line of the tree that the keyboard is on
  colours: {},
  pen: null, // what is drawn with: the screen, or a file that is saved
  frame: 0, // the next frame that is asked for, or 0
  motion: 0, // the frame of a movement of the view
  address: "", // what was last written into the address
  timer: 0,
  parts: null, // where those of the last picture over time are, for the pointer
};

const $ = id => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** An element with properties and children; text is only ever text. */
function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  const isThere = child => child !== null && child !== undefined && child !== "";
  element.append(...children.flat(Infinity).filter(isThere));
  return element;
}

const grouped = number => number.toLocaleString("en");
const counted = (number, noun, plural = `${noun}s`) =>
  `${grouped(number)} ${number === 1 ? noun : plural}`;
const flag = value => (value ? "true" : "false");
const clamp = (number, least, most) => Math.min(most, Math.max(least, number));
