// One item, whole: for a training problem the wrong solution, the teacher's CoT and the rewrite side by side; for a
// benchmark problem what every method answered.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { says } from "./data.js";
import { plain, Prose, safe } from "./text.js";

const LABEL = { correct: "right", wrong: "wrong", unverified: "unverified" };
const SIGN = { correct: "✓", wrong: "✗" };
const short = (key) => key.slice(0, 12);
const cut = (text, most) => (text.length > most ? `${text.slice(0, most)}…` : text);
const number = (value) => value.toLocaleString("en");

const whole = (trace) => (trace.reasoning ? `${trace.reasoning}\n\n${trace.text}` : trace.text);
const proses = new WeakMap();

/** The text of a trace as an element, made once. */
export function proseOf(trace) {
  if (!proses.has(trace)) proses.set(trace, new Prose(typeof trace === "string" ? trace : whole(trace)));
  return proses.get(trace);
}

/** Every rewrite with the error it was made with, then the errors without a rewrite; those made with an error first. */
export function pairsOf(item) {
  const of = (role) => item.traces.filter((trace) => trace.role === role);
  const errors = of("error");
  const byKey = new Map(errors.map((error) => [error.key, error]));
  const pairs = of("rewrite").map((rewrite) => ({ rewrite, error: byKey.get(rewrite.errorKey) }));
  const used = new Set(pairs.map((pair) => pair.error));
  const alone = errors.filter((error) => !used.has(error)).map((error) => ({ error }));
  const ordered = [...pairs.filter((pair) => pair.error), ...alone, ...pairs.filter((pair) => !pair.error)];
  const taught = of("teacher");
  const teacher = (pair) => taught.find((trace) => trace.key === pair.rewrite?.cotKey) ?? taught.find((t) => t.kept) ?? taught[0];
  if (!ordered.length && taught.length) return taught.map((trace) => ({ teacher: trace }));
  return ordered.map((pair) => ({ ...pair, teacher: teacher(pair) }));
}

/** The draws of every policy: [{name, method, seed, decoding, draws}], the chosen method in front. */
export function groupsOf(item, index, method) {
  const groups = new Map();
  for (const trace of item.traces.filter((t) => t.role === "answer")) {
    const name = `${trace.method} ${trace.seed} ${trace.decoding}`;
    if (!groups.has(name)) groups.set(name, { name, method: trace.method, seed: trace.seed, decoding: trace.decoding, draws: [] });
    groups.get(name).draws.push(trace);
  }
  const place = (group) => (group.method === method ? -1 : index.methods.indexOf(group.method));
  return [...groups.values()].sort((a, b) => place(a) - place(b));
}

/** Which pair, or which draw of each policy, is shown at first: the trace of the link, else what search and filters are
 * after. */
export function choice(entry, item, index, state, words) {
  const linked = (trace) => trace && state.key && trace.key?.startsWith(state.key);
  const found = (trace) => trace && words.length && says(trace, words);
  const pick = (list, traces, fits) => {
    const tests = [(one) => traces(one).some(linked), (one) => traces(one).some(found), fits];
    return Math.max(0, tests.map((test) => list.findIndex(test)).find((at) => at >= 0) ?? 0);
  };
  if (entry.set === "train") {
    const kept = { kept: true, dropped: false }[state.verdict];
    const fits = ({ rewrite, error }) => (kept === undefined || rewrite?.kept === kept) && (!state.type || error?.key === item.judged?.key);
    return { pick: pick(pairsOf(item), (pair) => [pair.error, pair.rewrite, pair.teacher], fits), draws: {} };
  }
  const draws = groupsOf(item, index, state.method).map(({ name, method, draws }) => {
    const right = state.change ? (state.change === "gained") !== (method === index.base) : undefined;
    return [name, pick(draws, (draw) => [draw], (draw) => (state.type ? draw.key === item.judged?.key : right === undefined || (draw.verdict === "correct") === right))];
  });
  return { pick: 0, draws: Object.fromEntries(draws) };
}

const badge = (verdict) => html`<span class="badge ${LABEL[verdict] ?? ""}">${SIGN[verdict] ?? "?"} ${LABEL[verdict] ?? safe(String(verdict))}</span>`;

function facts(trace) {
  const known = [
    trace.temperature && `temperature ${trace.temperature.replace(/^t/, "")}`,
    trace.tokens != null && `${number(trace.tokens)} tokens`,
    trace.finish && trace.finish !== "stop" && `ended by ${trace.finish}`,
    trace.kept === true && "kept",
    trace.kept === false && `dropped: ${trace.whyNot}`,
  ].filter(Boolean);
  return html`<p class="facts">${trace.verdict ? badge(trace.verdict) : nothing}
    <span>${trace.answer == null ? "no answer" : html`answer <b>${safe(cut(trace.answer, 80))}</b>`}</span>
    ${known.map((fact) => html`<span>${safe(fact)}</span>`)}</p>`;
}

function card(title, about, trace, act, more = nothing) {
  const linked = trace?.key && act.key && trace.key.startsWith(act.key);
  return html`<section class="card ${linked ? "linked" : ""}" aria-label=${title}>
    <header><h3>${title}${about ? html` <small>${about}</small>` : nothing}</h3>
      ${trace?.key ? html`<button class="link" title="The address becomes a link to this trace" aria-label="link to this trace" @click=${() => act.link(trace)}>#</button>` : nothing}</header>
    ${more}${trace ? html`${facts(trace)}${proseOf(trace).element}` : html`<p class="facts">none</p>`}</section>`;
}

function training(item, view, act, index) {
  const pairs = pairsOf(item);
  const at = Math.min(view.pick, Math.max(0, pairs.length - 1));
  const { error, teacher, rewrite } = pairs[at] ?? {};
  const name = (pair) => [pair.error ? `error at ${(pair.error.temperature ?? "?").replace(/^t/, "")}` : pair.rewrite ? "no error" : "teacher", pair.rewrite && (pair.rewrite.kept ? "kept" : "dropped")].filter(Boolean).join(" → ");
  return html`${pairs.length > 1 ? html`<div class="chips" role="group" aria-label="Error and rewrite">${pairs.map((pair, n) => html`<button aria-pressed=${n === at} @click=${() => act.choose({ pick: n })}>${n + 1} <span>${safe(name(pair))}</span></button>`)}</div>` : nothing}
    ${rewrite && teacher ? html`<p class="legend"><button id="marks" aria-pressed=${view.marks} @click=${() => act.choose({ marks: !view.marks })}>Mark differences</button>
      ${view.marks ? html`<mark class="gone">only the teacher says</mark> <mark class="new">only the rewrite says</mark> <span id="share"></span>` : nothing}</p>` : nothing}
    <div class="columns three">
      ${card("The student's wrong solution", "", error, act)}
      ${card("The teacher's CoT", teacher?.teacher ?? "", teacher, act)}
      ${card("The student's rewrite", "", rewrite, act)}
    </div>
    ${lineage(item, [["The student's rewrite", rewrite], ["The student's error", error], ["The teacher's CoT", teacher]], index)}`;
}

function lineage(item, steps, index) {
  const known = steps.filter(([, trace]) => trace?.key);
  if (!known.length) return nothing;
  const [, first] = known[0];
  return html`<section class="lineage"><h3>Lineage</h3><table>
    ${known.map(([name, trace]) => html`<tr><th>${name}</th><td><code title=${trace.key}>${short(trace.key)}</code></td><td>${safe(trace.path)}</td>
      <td>${trace.trained ? html`trained ${trace.trained.map((method) => index.labels[method] ?? method).join(", ")}` : nothing}</td></tr>`)}
    <tr><th>The problem</th><td><code>${safe(item.id)}</code></td><td></td><td></td></tr></table>
    <p>In a terminal: <code>python -m orion.show ${safe(first.path)} --id ${short(first.key)} --lineage</code></p></section>`;
}

function answers(item, view, act, index, state) {
  return html`<div class="columns">${repeat(groupsOf(item, index, state.method), (group) => group.name, (group) => {
    const at = Math.min(view.draws[group.name] ?? 0, group.draws.length - 1);
    const [right, all] = item.counts[group.name];
    const few = all > group.draws.length ? `, ${group.draws.length} shown` : "";
    const about = `${group.decoding}${group.seed === "0" ? "" : `, seed ${group.seed}`} · ${right} of ${all} right${few}`;
    const draws = group.draws.length > 1 ? html`<div class="chips draws" role="group" aria-label="Draws">${group.draws.map((draw, n) => html`<button class=${LABEL[draw.verdict] ?? ""} aria-pressed=${n === at} title="draw ${draw.draw}: ${LABEL[draw.verdict] ?? draw.verdict}"
      @click=${() => act.choose({ draws: { ...view.draws, [group.name]: n } })}>${draw.draw} ${SIGN[draw.verdict] ?? "?"}</button>`)}</div>` : nothing;
    return card(index.labels[group.method] ?? group.method, about, group.draws[at], act, draws);
  })}</div>`;
}

const problems = new WeakMap();

/** The texts of an item that stand above its traces, as elements made once. */
function statement(item) {
  const made = (text) => (text ? new Prose(text) : null);
  if (!problems.has(item)) problems.set(item, { problem: new Prose(item.problem), solution: made(item.solution), judged: made(item.judged?.words) });
  return problems.get(item);
}

/** Every text on the page, for typesetting: [Prose, ...]. */
export function shownProses(entry, item, view, index, state) {
  const { problem, solution, judged } = statement(item);
  const { error, teacher, rewrite } = pairsOf(item)[view.pick] ?? {};
  const answered = groupsOf(item, index, state.method).map((group) => group.draws[Math.min(view.draws[group.name] ?? 0, group.draws.length - 1)]);
  return [problem, solution, judged, ...(entry.set === "train" ? [error, teacher, rewrite] : answered).filter(Boolean).map(proseOf)].filter(Boolean);
}

export function traceView(entry, item, view, act, index, state) {
  const { problem, solution, judged } = statement(item);
  const about = [entry.student, entry.set, item.subject, item.level && `level ${item.level}`].filter(Boolean).join(" · ");
  return html`<header class="top"><div><h2>${safe(entry.id)}</h2><p>${safe(about)}</p></div>
    <div class="actions"><button aria-label="previous problem" title="previous problem (k)" @click=${() => act.step(-1)}>↑</button><button aria-label="next problem" title="next problem (j)" @click=${() => act.step(1)}>↓</button>
      <button id="copy" @click=${act.copy}>${view.copied ? "Copied" : "Copy link"}</button></div></header>
    <section class="problem" aria-label="Problem">${problem.element}
      <p class="facts"><span>label <b title=${plain(item.answer)}>${safe(cut(item.answer, 200))}</b></span></p>
      ${solution ? html`<details><summary>Written solution</summary>${solution.element}</details>` : nothing}
      ${judged ? html`<details class="judged"><summary>Error type <b>${safe(item.judged.type)}</b>, by ${safe(item.judged.judge)}</summary>${judged.element}</details>` : nothing}</section>
    ${entry.set === "train" ? training(item, view, act, index) : answers(item, view, act, index, state)}`;
}
