// Search and filters, above the list. What is chosen goes to the address bar at once.
import { html, nothing } from "lit-html";
import { NAMES } from "./filters.js";

/** The keys, in a dialog. */
export function help() {
  document.getElementById("help").showModal();
  document.querySelector("#help button").focus();
}

export function bar({ index, state, listed, progress, set }) {
  const choice = (name, label, all, names = {}, about = "") => html`<label title=${about}>${label}<select id=${name} @change=${(event) => set({ [name]: event.target.value })}>
    ${["", ...all].map((value) => html`<option value=${value} .selected=${value === (state[name] ?? "")}>${value ? names[value] ?? value : "all"}</option>`)}</select></label>`;
  const bound = (name, label) => html`<label>${label}<input id=${name} type="number" min="0" placeholder="any" .value=${state[name] ?? ""} @input=${(event) => set({ [name]: event.target.value }, true)}></label>`;
  const verdicts = { right: "every draw right", mixed: "some draws right", wrong: "no draw right", kept: "a rewrite kept", dropped: "a rewrite dropped" };
  const chosen = NAMES.filter((name) => state[name]).length;
  return html`<div class="search"><input id="q" type="search" placeholder="Search all texts  /" aria-label="Search all texts" .value=${state.q ?? ""} @input=${(event) => set({ q: event.target.value }, true)}><button id="keys" aria-label="keys" title="keys (?)" @click=${help}>?</button></div>
    <div class="filters">
    ${index.students.length > 1 ? choice("student", "Student", index.students) : nothing}
    ${choice("set", "Problems", index.sets)}
    ${choice("method", "Method", index.methods, index.labels)}
    ${choice("verdict", "Verdict", Object.keys(verdicts), verdicts)}
    ${choice("change", `Against ${index.labels[index.base] ?? index.base}`, ["gained", "lost"], { gained: "wrong → right", lost: "right → wrong" }, "wrong: fewer than half of the draws are right")}
    ${index.types.length ? choice("type", "Error type", index.types) : nothing}
    <div class="bounds">${bound("min", "Tokens from")}${bound("max", "to")}</div></div>
    <p class="count"><output id="count" aria-live="polite">${listed.length.toLocaleString("en")} of ${index.entries.length.toLocaleString("en")} problems${progress < 1 ? ` · searched ${Math.round(100 * progress)}%` : ""}</output>
    ${chosen ? html`<button id="clear" @click=${() => set(Object.fromEntries(NAMES.map((name) => [name, ""])))}>Clear</button>` : nothing}</p>`;
}
