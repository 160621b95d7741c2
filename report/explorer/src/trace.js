// One item, whole: for a training problem the wrong solution, the teacher's CoT and the rewrite side by side; for a
// benchmark problem what every method answered.
import { html, nothing } from "lit-html";
import { prose, safe } from "./text.js";

const LABEL = { correct: "right", wrong: "wrong", unverified: "unverified" };
const badge = (verdict) => html`<span class="badge ${LABEL[verdict] ?? ""}">${LABEL[verdict] ?? safe(String(verdict))}</span>`;
const short = (key) => (key ? key.slice(0, 12) : "");

function facts(trace) {
  const known = [
    trace.temperature && `temperature ${trace.temperature.replace(/^t/, "")}`,
    trace.seed && `seed ${trace.seed}`,
    trace.tokens != null && `${trace.tokens} tokens`,
    trace.finish && trace.finish !== "stop" && `ended by ${trace.finish}`,
    trace.type && `error type: ${trace.type}`,
    trace.kept === true && "kept",
    trace.kept === false && `dropped: ${trace.whyNot}`,
  ].filter(Boolean);
  return html`<p class="facts">${trace.verdict ? badge(trace.verdict) : nothing}
    ${trace.answer != null ? html`answer <b>${safe(trace.answer.slice(0, 80))}</b>` : html`<i>no answer</i>`} · ${safe(known.join(" · "))}
    ${trace.key ? html` · <span class="key" title=${trace.key}>${short(trace.key)}</span>` : nothing}</p>`;
}

const whole = (trace) => (trace.reasoning ? `${trace.reasoning}\n\n${trace.text}` : trace.text);

function column(title, trace, other, mark) {
  return html`<section class="column" tabindex="0" aria-label=${title}><h3>${title}</h3>
    ${trace ? html`${facts(trace)}${prose(whole(trace), other ? whole(other) : null, mark)}` : html`<p class="facts"><i>none</i></p>`}</section>`;
}

/** Every rewrite with the error it was made with, then the errors without a rewrite. */
function triples(traces) {
  const of = (role) => traces.filter((t) => t.role === role);
  const errors = of("error");
  const pairs = of("rewrite").map((rewrite) => ({ rewrite, error: errors.find((e) => e.key === rewrite.errorKey) }));
  pairs.sort((a, b) => Boolean(b.error) - Boolean(a.error)); // those made with an error first
  const used = new Set(pairs.map((pair) => pair.error));
  return [...pairs, ...errors.filter((error) => !used.has(error)).map((error) => ({ error }))];
}

function training(item, view, choose) {
  const found = triples(item.traces);
  const pair = found[Math.min(view.pick, found.length - 1)] ?? {};
  const teacher = item.traces.find((t) => t.role === "teacher" && t.key === pair.rewrite?.cotKey) ?? item.traces.find((t) => t.role === "teacher");
  const name = (p, n) => `${n + 1}: ${p.error ? `error at ${p.error.temperature ?? "?"}` : "without an error"}, ${p.rewrite ? (p.rewrite.kept ? "rewrite kept" : "rewrite dropped") : "no rewrite"}`;
  return html`
    ${found.length > 1 ? html`<p><label>Error and rewrite <select id="pick" @change=${(e) => choose({ pick: Number(e.target.value) })}>
      ${found.map((p, n) => html`<option value=${n} .selected=${n === view.pick}>${name(p, n)}</option>`)}</select></label></p>` : nothing}
    <p class="legend"><mark class="gone">only in the teacher's CoT</mark> <mark class="new">only in the rewrite</mark></p>
    <div class="columns">
      ${column("The student's wrong solution", pair.error)}
      ${column("The teacher's CoT", teacher, view.marks ? pair.rewrite : null, "gone")}
      ${column("The student's rewrite", pair.rewrite, view.marks ? teacher : null, "new")}
    </div>
    <p class="lineage">Lineage: ${[["rewrite", pair.rewrite], ["error", pair.error], ["teacher", teacher]].filter(([, t]) => t).map(([n, t]) => html`<span>${n} <code>${short(t.key)}</code> ${safe(t.path ?? "")}</span> ← `)}problem <code>${safe(item.id)}</code></p>`;
}

function answers(item, view, choose, index) {
  const groups = new Map();
  const order = (trace) => index.methods.indexOf(trace.method);
  for (const trace of item.traces.filter((t) => t.role === "answer").sort((a, b) => order(a) - order(b))) {
    const name = `${trace.method} ${trace.seed} ${trace.decoding}`;
    groups.set(name, [...(groups.get(name) ?? []), trace]);
  }
  const base = item.traces.find((t) => t.role === "answer" && t.method === index.base);
  return html`<div class="columns">${[...groups].map(([name, draws]) => {
    const at = Math.min(view.draws[name] ?? 0, draws.length - 1);
    const trace = draws[at];
    const right = draws.filter((d) => d.verdict === "correct").length;
    return html`<section class="column" tabindex="0" aria-label=${trace.method}>
      <h3>${index.labels[trace.method] ?? trace.method} <small>${trace.decoding}, ${right} of ${draws.length} right</small></h3>
      ${draws.length > 1 ? html`<p class="draws">${draws.map((d, n) => html`<button class="draw ${LABEL[d.verdict]}" aria-pressed=${n === at} title="draw ${d.draw}: ${d.verdict}"
          @click=${() => choose({ draws: { ...view.draws, [name]: n } })}>${d.draw}${d.verdict === "correct" ? "✓" : "✗"}</button>`)}</p>` : nothing}
      ${facts(trace)}
      ${prose(whole(trace), view.marks && base && trace.method !== index.base ? whole(base) : null, "new")}
    </section>`;
  })}</div>`;
}

export function traceView(entry, item, view, choose, index) {
  return html`<header><h2>${safe(entry.id)} <small>${entry.student} · ${entry.set}${item.subject ? html` · ${safe(item.subject)}` : nothing}${item.level ? html` · level ${safe(item.level)}` : nothing}</small></h2>
    <p><button id="copy" @click=${() => navigator.clipboard?.writeText(location.href)}>Copy link</button>
    <label><input type="checkbox" id="marks" .checked=${view.marks} @change=${() => choose({ marks: !view.marks })}> mark differences (d)</label></p></header>
    <section class="problem"><h3>Problem</h3>${prose(item.problem)}<p class="facts">label <b>${safe(item.answer.slice(0, 200))}</b></p>
    ${item.solution ? html`<details><summary>Written solution</summary>${prose(item.solution)}</details>` : nothing}</section>
    ${entry.set === "train" ? training(item, view, choose) : answers(item, view, choose, index)}`;
}
