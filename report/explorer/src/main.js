// The explorer: a list of items on the left, one whole item on the right. All that is chosen stands in the address
// (after #), so that any view is a link.
import { html, render } from "lit-html";
import "katex/dist/katex.min.css";
import "./style.css";
import { bar, help } from "./bar.js";
import * as data from "./data.js";
import { differences, forget } from "./differences.js";
import { fitting } from "./filters.js";
import { reveal, showList } from "./list.js";
import { safe } from "./text.js";
import { choice, pairsOf, proseOf, shownProses, traceView } from "./trace.js";

const $ = (id) => document.getElementById(id);
let index;
let state = {};
let listed = [];
let hits = null;
let progress = 1;
let searching = 0;
let current = { entry: null, item: null };
let view = { pick: 0, draws: {}, marks: true };

function set(changes, replace = false) {
  const next = Object.entries({ ...state, ...changes }).filter(([, value]) => value);
  const address = `#${new URLSearchParams(next)}`;
  try {
    history[replace ? "replaceState" : "pushState"](null, "", address);
  } catch {
    location.hash = address; // inside a report, the page has an address that history leaves alone
  }
  update();
}

const page = () => ({ index, state, listed, progress, set });

const act = {
  choose(changes) {
    view = { ...view, ...changes };
    show();
  },
  link: (trace) => set({ key: trace.key.slice(0, 12) }, true),
  step: (by) => step(by),
  async copy() {
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    act.choose({ copied: true });
    setTimeout(() => act.choose({ copied: false }), 1500);
  },
};

function show() {
  const { entry, item } = current;
  if (!item) return;
  render(traceView(entry, item, view, { ...act, key: state.key }, index, state), $("trace"));
  shownProses(entry, item, view, index, state).forEach((prose) => prose.shown());
  if (entry.set === "train") mark(item);
  highlight();
}

let marking = 0;

/** Marks what the teacher's CoT and the rewrite do not share, when the comparison is done. */
async function mark(item) {
  forget();
  const number = ++marking;
  const { teacher, rewrite } = pairsOf(item)[view.pick] ?? {};
  if (!teacher || !rewrite) return;
  const [before, after] = [proseOf(teacher), proseOf(rewrite)];
  before.mark();
  after.mark();
  if (!view.marks) return;
  if (!before.tokens || !after.tokens) {
    render(html`too long to compare`, $("share"));
    return;
  }
  const found = await differences(before.tokens, after.tokens);
  if (!found || number !== marking) return;
  before.mark(found.gone, "gone");
  after.mark(found.added, "new");
  render(html`The rewrite keeps ${Math.round(100 * found.share)}% of the teacher's words.`, $("share"));
  highlight();
}

/** Colours the words that were searched for, without touching the text; with `reveal`, texts that scroll show them. */
function highlight(reveal = false) {
  if (!CSS.highlights) return;
  CSS.highlights.delete("found");
  const words = data.wordsOf(state.q);
  if (!words.length) return;
  const ranges = [];
  const walker = document.createTreeWalker($("trace"), NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()) && ranges.length < 2000; ) {
    const text = node.data.toLowerCase();
    if (text.length !== node.data.length) continue; // a letter whose lower case is longer
    for (const word of words) {
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
        ranges.push(new StaticRange({ startContainer: node, startOffset: at, endContainer: node, endOffset: at + word.length }));
      }
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
  if (!reveal) return;
  for (const box of document.querySelectorAll(".columns .prose")) {
    const hit = box.scrollHeight > box.clientHeight && ranges.find((range) => box.contains(range.startContainer));
    if (!hit) continue;
    const range = document.createRange();
    range.setStart(hit.startContainer, hit.startOffset);
    box.scrollTop += range.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
  }
}

const broken = (error) => {
  hint(html`This file is damaged or not whole, make or fetch it again: ${error.message}`);
};

const hint = (text) => render(html`<p class="hint">${text}</p>`, $("trace"));

async function open(uid, key) {
  if (current.entry?.uid === uid) {
    if (key && current.item) act.choose({ ...choice(current.entry, current.item, index, state, []), marks: view.marks });
    return;
  }
  const entry = index.byUid.get(uid);
  current = { entry, item: null };
  if (!entry) {
    hint(uid ? html`This page has no trace ${safe(uid)}.` : html`${index.traces.toLocaleString("en")} traces of ${index.entries.length.toLocaleString("en")} problems. ${index.note}<br><kbd>j</kbd> and <kbd>k</kbd> walk the list, <kbd>/</kbd> searches, <kbd>?</kbd> lists all keys.`);
    document.title = "Traces";
    return;
  }
  const item = await data.item(entry).catch((error) => broken(error));
  if (!item || current.entry !== entry) return; // another was chosen meanwhile
  current = { entry, item };
  view = { marks: view.marks, ...choice(entry, item, index, state, data.wordsOf(state.q)) };
  document.title = `${entry.id} · Traces`;
  show();
  $("trace").scrollTop = 0;
  highlight(true);
  document.querySelector(".linked")?.scrollIntoView({ block: "nearest" });
}

function search() {
  const number = ++searching;
  const words = data.wordsOf(state.q);
  hits = null;
  progress = words.length ? 0 : 1;
  if (!words.length) return;
  const stop = () => number !== searching;
  setTimeout(() => stop() || data.search(words, index.chunks, (found, share) => {
    hits = new Set(found);
    progress = share;
    relist();
  }, stop).catch(broken), 200);
}

function relist() {
  listed = fitting(index, state, hits);
  render(bar(page()), $("bar"));
  showList(page());
}

function update() {
  const before = state;
  state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (state.q !== before.q) search();
  relist();
  if (state.q !== before.q || state.method !== before.method) show();
  open(state.trace ?? "", state.key);
}

function step(by) {
  if (!listed.length) return;
  const at = listed.findIndex((entry) => entry.uid === state.trace);
  const next = at < 0 ? 0 : Math.min(listed.length - 1, Math.max(0, at + by));
  reveal(next);
  set({ trace: listed[next].uid, key: "" }, true);
}

/** The next pair of a training problem, or the next draw of every policy. */
function turn(by) {
  const { entry, item } = current;
  if (!item) return;
  if (entry.set === "train") {
    act.choose({ pick: Math.min(pairsOf(item).length - 1, Math.max(0, view.pick + by)) });
    return;
  }
  const most = Math.max(0, ...item.traces.map((trace) => trace.draw ?? 0));
  act.choose({ draws: Object.fromEntries(Object.entries(view.draws).map(([name, at]) => [name, Math.min(most, Math.max(0, at + by))])) });
}

const scroll = (by) => () => $("trace").scrollBy({ top: by * 0.9 * $("trace").clientHeight });
const KEYS = {
  j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
  Home: () => step(-Infinity), End: () => step(Infinity),
  n: () => turn(1), ArrowRight: () => turn(1), p: () => turn(-1), ArrowLeft: () => turn(-1),
  d: () => act.choose({ marks: !view.marks }),
  c: () => act.copy(),
  PageDown: scroll(1), " ": scroll(1), PageUp: scroll(-1),
  "/": () => $("q").select(),
  "?": help,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const known = KEYS[event.key];
  if (!known || (event.key === " " && event.target.closest("button, summary"))) return;
  event.preventDefault();
  known();
});

async function start() {
  index = await data.index();
  $("trace").replaceChildren();
  index.byUid = new Map(index.entries.map((entry) => [entry.uid, entry]));
  let asked = false;
  $("list").addEventListener("scroll", () => {
    if (!asked) requestAnimationFrame(() => { asked = false; showList(page()); });
    asked = true;
  }, { passive: true });
  addEventListener("resize", () => showList(page()));
  addEventListener("hashchange", update);
  addEventListener("popstate", update);
  update();
  reveal(listed.findIndex((entry) => entry.uid === state.trace));
  document.body.dataset.ready = "yes";
  performance.mark("ready");
}

start().catch((error) => {
  $("trace").replaceChildren();
  broken(error);
});
