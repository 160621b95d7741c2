// The data in the page: the index at once, the traces in chunks, each unpacked when it is first needed. Every chunk is
// gzip in base64 in a script element that no browser runs; on opening, chunks may not have arrived yet.

const KEPT = 8; // unpacked chunks in memory
const SLICE = 10; // milliseconds of work before the page gets its turn

/** Lets the browser paint and react. */
export const turn = () => new Promise((done) => (globalThis.scheduler?.postTask ? scheduler.postTask(done) : setTimeout(done)));

const fromBase64 = (text) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let at = 0; at < packed.length; at++) bytes[at] = packed.charCodeAt(at);
  return bytes;
};

async function element(id) {
  for (;;) {
    const loading = document.readyState === "loading";
    const found = document.getElementById(id);
    if (found && (!loading || found.nextSibling)) return found; // with a sibling it is whole
    if (!loading) throw new Error(`it has no ${id}`);
    await new Promise((done) => setTimeout(done, 30));
  }
}

/** The JSON text in the script element of that id. */
async function unpack(id) {
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  writer.write(fromBase64((await element(id)).textContent)).catch(() => {}); // a damaged one fails where it is read
  writer.close().catch(() => {});
  return new Response(stream.readable).text();
}

export const index = async () => JSON.parse(await unpack("index"));

const chunks = new Map();

function chunk(number) {
  const known = chunks.get(number) ?? unpack(`chunk-${number}`).then(JSON.parse);
  chunks.delete(number);
  chunks.set(number, known); // the newest stands last
  if (chunks.size > KEPT) chunks.delete(chunks.keys().next().value);
  return known;
}

/** The whole of an item of the index. */
export const item = async (entry) => (await chunk(entry.chunk))[entry.place];

export const wordsOf = (query) => (query ?? "").toLowerCase().split(/\s+/).filter(Boolean);

const textOf = (item) => [item.id, item.problem, item.answer, ...item.traces.map((t) => `${t.reasoning ?? ""}\n${t.text}`)].join("\n").toLowerCase();

/** Whether all words stand in a trace. */
export const says = (trace, words) => {
  const text = `${trace.reasoning ?? ""}\n${trace.text}`.toLowerCase();
  return words.every((word) => text.includes(word));
};

let last = { words: null, numbers: [] }; // the last search that went to its end, and the chunks with hits

/** Search all texts, a slice at a time. Calls `found(Set of "chunk/place", share done)`; ends when `stop()` is true. */
export async function search(words, count, found, stop) {
  // As JSON writes them: a chunk whose text lacks a word need not be parsed.
  const written = words.map((word) => JSON.stringify(word).slice(1, -1));
  // What was typed on: hits lie where the shorter word had some.
  const narrowed = last.words?.every((known) => words.some((word) => word.includes(known)));
  const numbers = narrowed ? last.numbers : Array.from({ length: count }, (_, number) => number);
  const hits = new Set();
  const holding = [];
  let begun = performance.now();
  let told = begun;
  for (const [done, number] of numbers.entries()) {
    const text = await unpack(`chunk-${number}`);
    if (stop()) return;
    const low = text.toLowerCase();
    if (written.every((word) => low.includes(word))) {
      const before = hits.size;
      JSON.parse(text).forEach((whole, place) => {
        const all = textOf(whole);
        if (words.every((word) => all.includes(word))) hits.add(`${number}/${place}`);
      });
      if (hits.size > before) holding.push(number);
    }
    if (performance.now() - told > 150) {
      found(hits, done / numbers.length);
      told = performance.now();
    }
    if (performance.now() - begun > SLICE) {
      await turn();
      if (stop()) return;
      begun = performance.now();
    }
  }
  last = { words, numbers: holding };
  found(hits, 1);
}
