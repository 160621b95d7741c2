// Model output on the page. It is hostile: it becomes text nodes and KaTeX's own nodes, never markup; characters that
// cannot be seen or that change the direction of writing are shown by name; what is too long waits for a click.
import katex from "katex";
import { turn } from "./data.js";

const LONG = 40000; // characters shown at once
const OPEN = /\$\$|\\\[|\\\(|\\boxed\{|\$/g;
const CLOSE = { "$$": "$$", "\\[": "\\]", "\\(": "\\)", $: "$" };
const LIMIT = { "$$": 3000, "\\[": 3000, "\\(": 1500, $: 300, "\\boxed{": 500 };
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/u;
const EACH = new RegExp(UNSEEN.source, "gu");

function closing(text, opener, start) {
  if (opener === "\\boxed{") {
    let depth = 1;
    for (let at = start; at < Math.min(text.length, start + LIMIT[opener]); at++) {
      if (text[at] === "{") depth++;
      else if (text[at] === "}" && --depth === 0) return at + 1;
    }
    return -1;
  }
  const at = text.slice(start, start + LIMIT[opener]).indexOf(CLOSE[opener]);
  if (at <= 0) return -1;
  const inner = text.slice(start, start + at);
  const end = start + at + CLOSE[opener].length;
  // A lone dollar is money as often as maths.
  if (opener === "$" && (/^\s|\s$|\n/.test(inner) || /\d/.test(text[end] ?? ""))) return -1;
  return end;
}

/** The text as tokens: {text} words with the space behind them, {text, tex, display} formulas. */
export function tokens(text) {
  const found = [];
  const plain = (part) => (part.match(/\s+|[\p{L}\p{N}_]+\s*|[^\s\p{L}\p{N}_]\s*/gu) ?? []).forEach((t) => found.push({ text: t }));
  let from = 0;
  OPEN.lastIndex = 0;
  for (let match; (match = OPEN.exec(text)); ) {
    const opener = match[0];
    const start = match.index + opener.length;
    const end = closing(text, opener, start);
    if (end < 0) continue;
    plain(text.slice(from, match.index));
    const whole = text.slice(match.index, end);
    const tex = opener === "\\boxed{" ? whole : text.slice(start, end - CLOSE[opener].length);
    found.push({ text: whole, tex, display: opener === "$$" || opener === "\\[" });
    from = OPEN.lastIndex = end;
  }
  plain(text.slice(from));
  return found;
}

const create = (name, className, ...children) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
};

const named = (char) => `U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Text as nodes, with characters that cannot be seen by name. */
export function safe(text) {
  if (!UNSEEN.test(text)) return [text];
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(EACH)) {
    const name = create("span", "unseen", named(match[0]));
    name.title = "a character that cannot be seen";
    nodes.push(text.slice(from, match.index), name);
    from = match.index + match[0].length;
  }
  return [...nodes, text.slice(from)];
}

/** Text with every such character replaced by one mark: for attributes and for what is very long. */
export const plain = (text) => text.replace(EACH, "\ufffd");

const waiting = []; // formulas that are on the page as they were written
let typesetting = false;

async function typeset() {
  if (typesetting) return;
  typesetting = true;
  let begun = performance.now();
  while (waiting.length) {
    const { place, token } = waiting.shift();
    if (!place.isConnected) continue;
    const made = create("span", token.display ? "formula display" : "formula");
    try {
      katex.render(token.tex, made, { displayMode: token.display, throwOnError: true, trust: false, strict: "ignore", maxSize: 10, maxExpand: 100 });
      place.replaceChildren(made);
    } catch {
      place.classList.add("no-formula"); // not TeX after all: it stays as it was written
    }
    if (performance.now() - begun > 10) {
      await turn();
      begun = performance.now();
    }
  }
  typesetting = false;
}

/** A text as an element that stands until the page shows another; `tokens` is null where it is too long to compare. */
export class Prose {
  constructor(text) {
    this.element = create("div", "prose");
    const short = text.length <= LONG;
    this.list = tokens(short ? text : text.slice(0, LONG));
    this.tokens = short ? this.list.map((token) => token.text.trim()) : null;
    // Formulas are typeset once, whatever is marked around them.
    this.places = this.list.map((token) => (token.tex === undefined ? null : create("span", "", ...safe(token.text))));
    this.more = short ? [] : [this.rest(text)];
    this.mark();
  }

  /** Shows the text with the tokens of `ranges` ([from, to) each) marked. */
  mark(ranges = [], className = "") {
    const nodes = [];
    let at = 0;
    const run = (to) => {
      const found = [];
      let words = "";
      for (; at < to; at++) {
        if (!this.places[at]) words += this.list[at].text;
        else {
          found.push(...safe(words), this.places[at]);
          words = "";
        }
      }
      return [...found, ...safe(words)];
    };
    for (const [from, to] of ranges) {
      nodes.push(...run(from));
      const marked = run(to);
      const words = marked.at(-1);
      const space = typeof words === "string" ? words.slice(words.trimEnd().length) : "";
      if (space) marked.push(marked.pop().slice(0, -space.length));
      nodes.push(create("mark", className, ...marked), space); // the space behind the last word is no difference
    }
    nodes.push(...run(this.list.length));
    this.element.replaceChildren(...nodes, ...this.more);
  }

  /** To be called when the element is on the page: formulas a few at a time. */
  shown() {
    this.places.forEach((place, at) => {
      if (place && !place.firstElementChild && !place.className) waiting.push({ place, token: this.list[at] });
    });
    typeset();
  }

  rest(text) {
    const button = create("button", "more", `show all ${text.length.toLocaleString("en")} characters`);
    button.addEventListener("click", async () => {
      const parts = [];
      for (let from = LONG; from < text.length; from += LONG) parts.push(create("div", "part", plain(text.slice(from, from + LONG))));
      this.more = parts;
      button.replaceWith(...parts);
    });
    return button;
  }
}
