// The list of problems: only the rows in sight are elements.
import { html, nothing, render } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { plain, safe } from "./text.js";

const ROW = 52; // pixels, as in style.css
const box = () => document.getElementById("list");

function shares(entry, index) {
  const known = index.methods.filter((method) => entry.right[method] !== undefined);
  if (!known.length) return nothing;
  const said = known.map((method) => `${index.labels[method] ?? method} ${Math.round(100 * entry.right[method])}%`).join(", ");
  return html`<span class="shares" role="img" aria-label="right: ${said}" title="Right draws: ${said}">${known.map((method) => html`<i .style=${`--share: ${entry.right[method]}`}></i>`)}</span>`;
}

const told = (entry) => (entry.errors || entry.rewrites ? html`<span class="told">${entry.errors} ${entry.errors === 1 ? "error" : "errors"}, ${entry.kept} kept</span>` : nothing);

function row(entry, number, { index, state }) {
  return html`<a class="row" role="option" id="row-${number}" .style=${`top: ${number * ROW}px`} href=${`#${new URLSearchParams({ ...state, key: "", trace: entry.uid })}`} tabindex="-1" aria-selected=${entry.uid === state.trace}>
    <span class="id" title=${plain(entry.id)}>${safe(entry.id)}</span>${entry.set === "train" ? told(entry) : shares(entry, index)}
    <span class="title">${index.students.length > 1 ? `${entry.student} · ` : ""}${state.set ? "" : `${entry.set} · `}${safe(entry.title)}</span></a>`;
}

export function showList(page) {
  const list = box();
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 5);
  const last = Math.min(page.listed.length, first + Math.ceil(list.clientHeight / ROW) + 10);
  const shown = page.listed.slice(first, last).map((entry, n) => [entry, first + n]);
  render(html`<div role="presentation" .style=${`height: ${page.listed.length * ROW}px`}>${repeat(shown, ([entry]) => entry.uid, ([entry, number]) => row(entry, number, page))}</div>`, list);
  const at = shown.find(([entry]) => entry.uid === page.state.trace);
  if (at) list.setAttribute("aria-activedescendant", `row-${at[1]}`);
  else list.removeAttribute("aria-activedescendant");
}

/** Scrolls so that a row of that number is in sight. */
export function reveal(number) {
  const list = box();
  if (number < 0) return;
  if (number * ROW < list.scrollTop) list.scrollTop = number * ROW;
  if ((number + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (number + 1) * ROW - list.clientHeight;
}
