// Model output on the page. It is hostile: it becomes text nodes and KaTeX's own nodes, never markup; control and
// direction-changing characters are shown by name; what is too long waits for a click.
import { diffArrays } from "diff";
import { html } from "lit-html";
import katex from "katex";

const LONG = 20000; // characters shown at once
const OPEN = /\$\$|\\\[|\\\(|\\boxed\{|\$/g;
const CLOSE = { "$$": "$$", "\\[": "\\]", "\\(": "\\)", $: "$" };
const LIMIT = { "$$": 3000, "\\[": 3000, "\\(": 1500, $: 300, "\\boxed{": 500 };
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/;

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

/** The text as tokens: {text} words and spaces, {text, tex, display} formulas. */
export function tokens(text) {
  const found = [];
  const plain = (part) => (part.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? []).forEach((t) => found.push({ text: t }));
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

function formula({ text, tex, display }) {
  const place = document.createElement("span");
  try {
    katex.render(tex, place, { displayMode: display, throwOnError: true, trust: false, strict: "ignore", maxSize: 10, maxExpand: 100 });
  } catch {
    place.textContent = text; // not TeX after all
  }
  return place;
}

/** Text with its control characters named. */
export function safe(text) {
  if (!CONTROL.test(text)) return text;
  return text.split(new RegExp(`(${CONTROL.source})`)).map((part) =>
    CONTROL.test(part) ? html`<span class="control" title="a control character">U+${part.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}</span>` : part,
  );
}

function run(list, className) {
  const shown = [];
  let plain = "";
  for (const token of list) {
    if (token.tex === undefined) plain += token.text;
    else {
      if (plain) shown.push(safe(plain));
      plain = "";
      shown.push(formula(token));
    }
  }
  if (plain) shown.push(safe(plain));
  return className ? html`<mark class=${className}>${shown}</mark>` : shown;
}

/** A whole text; with `other`, what this one has and the other lacks is marked with `className`. */
export function prose(text, other = null, className = "") {
  if (text.length > LONG) {
    const rest = (event) => event.target.parentNode.replaceChildren(`${text}`.replace(new RegExp(CONTROL.source, "g"), "\ufffd"));
    return html`<div class="prose">${safe(text.slice(0, LONG))}…
      <button @click=${rest}>show all ${text.length.toLocaleString("en")} characters</button></div>`;
  }
  const ours = tokens(text);
  const short = other !== null && other.length <= LONG;
  const changes = short && diffArrays(tokens(other), ours, { comparator: (a, b) => a.text === b.text, timeout: 300 });
  if (!changes) return html`<div class="prose">${run(ours)}</div>`;
  return html`<div class="prose">${changes.filter((c) => !c.removed).map((c) => run(c.value, c.added ? className : ""))}</div>`;
}
