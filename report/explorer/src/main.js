// The explorer: a list of items on the left, one whole item on the right. All that is chosen stands in the address
// (after #), so that any view is a link.
import { html, nothing, render } from "lit-html";
import "katex/dist/katex.min.css";
import "./style.css";
import * as data from "./data.js";
import { fitting, NAMES } from "./filters.js";
import { safe } from "./text.js";
import { traceView } from "./trace.js";

const ROW = 52; // pixels, as in style.css
const $ = (id) => document.getElementById(id);
let index;
let state = {};
let listed = [];
let hits = null;
let progress = 1;
let searching = 0;
let current = { entry: null, item: null };
let view = {};

const fresh = () => ({ pick: 0, marks: true, draws: {} });
const read = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

function set(changes, replace = false) {
  const next = Object.entries({ ...state, ...changes }).filter(([, value]) => value);
  history[replace ? "replaceState" : "pushState"](null, "", `#${new URLSearchParams(next)}`);
  update();
}

const options = (all, chosen, names = {}) => [["", "all"], ...all.map((name) => [name, names[name] ?? name])].map(([value, text]) => html`<option value=${value} .selected=${value === (chosen ?? "")}>${text}</option>`);

function choice(name, label, all, names) {
  return html`<label>${label}<select id=${name} @change=${(e) => set({ [name]: e.target.value })}>${options(all, state[name], names)}</select></label>`;
}

function bar() {
  const field = (name, label, type) => html`<label>${label}<input id=${name} type=${type} min="0" .value=${state[name] ?? ""} @input=${(e) => set({ [name]: e.target.value }, true)}></label>`;
  return html`<h1>Traces</h1>
    ${field("q", "Search (/)", "search")}
    ${index.students.length > 1 ? choice("student", "Student", index.students) : nothing}
    ${choice("set", "Problems", index.sets)}
    ${choice("method", "Method", index.methods, index.labels)}
    ${choice("verdict", "Verdict", ["right", "mixed", "wrong", "kept", "dropped"], { right: "all draws right", mixed: "some draws right", wrong: "no draw right", kept: "a rewrite kept", dropped: "a rewrite dropped" })}
    ${choice("change", `Against ${index.labels[index.base] ?? index.base}`, ["gained", "lost"], { gained: "wrong → right", lost: "right → wrong" })}
    ${index.types.length ? choice("type", "Error type", index.types) : nothing}
    ${field("min", "Tokens from", "number")}${field("max", "to", "number")}
    <button id="clear" @click=${() => set(Object.fromEntries(NAMES.map((name) => [name, ""])))}>Clear</button>
    <output id="count" aria-live="polite">${listed.length.toLocaleString("en")} of ${index.entries.length.toLocaleString("en")} problems${progress < 1 ? `, searched ${Math.round(100 * progress)}%` : ""}</output>`;
}

function row(entry, number) {
  const shares = Object.entries(entry.right);
  return html`<a class="row" role="option" style=${`top:${number * ROW}px`} href=${`#${new URLSearchParams({ ...state, trace: entry.uid })}`} tabindex="-1"
    aria-selected=${entry.uid === state.trace}><b>${safe(entry.id)}</b> <small>${entry.set}</small>
    <span class="shares">${shares.map(([method, share]) => html`<i class=${share >= 0.5 ? "right" : "wrong"} title="${method}: ${Math.round(100 * share)}% right">${share >= 0.5 ? "●" : "○"}</i>`)}</span>
    <br><span class="title">${safe(entry.title)}</span></a>`;
}

function list() {
  const box = $("list");
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 5);
  const last = Math.min(listed.length, first + Math.ceil(box.clientHeight / ROW) + 10);
  render(html`<div style=${`height:${listed.length * ROW}px`}>${listed.slice(first, last).map((entry, n) => row(entry, first + n))}</div>`, box);
}

function show() {
  const { entry, item } = current;
  const choose = (changes) => { view = { ...view, ...changes }; show(); };
  render(item ? traceView(entry, item, view, choose, index) : html`<p class="hint">Choose a problem: j and k walk the list, / searches, d marks differences, ? lists the keys.</p>`, $("trace"));
}

async function open(uid) {
  if (current.entry?.uid === uid) return;
  const entry = index.byUid.get(uid);
  current = { entry, item: null };
  view = fresh();
  if (entry) {
    const item = await data.item(entry);
    if (current.entry !== entry) return; // another was chosen meanwhile
    current = { entry, item };
  } else if (uid) {
    render(html`<p class="hint">This page has no trace ${safe(uid)}.</p>`, $("trace"));
    return;
  }
  show();
  $("trace").scrollTop = 0;
}

function search() {
  const turn = ++searching;
  const words = (state.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  hits = null;
  progress = 1;
  if (!words.length) return;
  progress = 0;
  const wait = setTimeout(() => data.search(words, index.chunks, (found, share) => {
    hits = found;
    progress = share;
    relist();
  }, () => turn !== searching), 250);
  return wait;
}

function relist() {
  listed = fitting(index, state, hits);
  render(bar(), $("bar"));
  list();
}

function update() {
  const before = state;
  state = read();
  if (state.q !== before.q) search();
  relist();
  open(state.trace ?? "");
}

function step(by) {
  if (!listed.length) return;
  const at = listed.findIndex((entry) => entry.uid === state.trace);
  const next = Math.min(listed.length - 1, Math.max(0, at < 0 ? 0 : at + by));
  const box = $("list");
  if (next * ROW < box.scrollTop) box.scrollTop = next * ROW;
  if ((next + 1) * ROW > box.scrollTop + box.clientHeight) box.scrollTop = (next + 1) * ROW - box.clientHeight;
  set({ trace: listed[next].uid }, true);
}

const KEYS = {
  j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
  d: () => { view = { ...view, marks: !view.marks }; show(); },
  n: () => { view = { ...view, pick: view.pick + 1 }; show(); },
  p: () => { view = { ...view, pick: Math.max(0, view.pick - 1) }; show(); },
  "/": () => $("q").focus(),
  "?": () => $("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = KEYS[event.key];
  if (!act || (event.key.startsWith("Arrow") && event.target.classList?.contains("column"))) return;
  event.preventDefault();
  act();
});

async function start() {
  index = await data.index();
  index.byUid = new Map(index.entries.map((entry) => [entry.uid, entry]));
  $("list").addEventListener("scroll", () => requestAnimationFrame(list), { passive: true });
  addEventListener("resize", list);
  addEventListener("hashchange", update);
  addEventListener("popstate", update);
  update();
  document.body.dataset.ready = "yes";
}

start();
