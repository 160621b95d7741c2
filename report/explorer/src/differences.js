// The page's side of compare.js, whose script stands in the page as text.
let worker;
let ours;
let count = 0;
const asked = new Map();

function start() {
  const source = document.getElementById("compare").textContent;
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  ours ??= globalThis.trustedTypes?.createPolicy("orion", { createScriptURL: (url) => url });
  worker = new Worker(ours ? ours.createScriptURL(address) : address);
  worker.onmessage = ({ data }) => {
    asked.get(data.number)(data);
    asked.delete(data.number);
  };
}

/** What tells two arrays of words apart (see `compared`); null when the question was forgotten meanwhile. */
export function differences(before, after) {
  if (!worker) start();
  return new Promise((answer) => {
    asked.set(++count, answer);
    worker.postMessage({ number: count, before, after });
  });
}

/** Nobody waits for the answers any more: a comparison under way is given up. */
export function forget() {
  if (!asked.size) return;
  worker.terminate();
  worker = undefined;
  for (const answer of asked.values()) answer(null);
  asked.clear();
}
