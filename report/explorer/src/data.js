// The data in the page: the index at once, the traces in chunks, each unpacked when it is first needed.

const KEPT = 8; // unpacked chunks in memory
const chunks = new Map();

/** What stands, as gzip in base64, in the script element of that id. */
async function unpack(id) {
  const packed = atob(document.getElementById(id).textContent);
  const bytes = Uint8Array.from(packed, (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

export const index = () => unpack("index");

async function chunk(number) {
  const known = chunks.get(number) ?? unpack(`chunk-${number}`);
  chunks.delete(number);
  chunks.set(number, known); // the newest stands last
  if (chunks.size > KEPT) chunks.delete(chunks.keys().next().value);
  return known;
}

/** The whole of an item of the index. */
export const item = async (entry) => (await chunk(entry.chunk))[entry.place];

/** Search all texts, chunk by chunk, with a pause after each so that the page stays alive.
 * Calls `found(Set of places as "chunk/place", share done)`; stops when `stop()` is true. */
export async function search(words, count, found, stop) {
  const hits = new Set();
  for (let number = 0; number < count; number++) {
    const items = await unpack(`chunk-${number}`);
    if (stop()) return;
    items.forEach((whole, place) => {
      const text = [whole.problem, whole.answer, ...whole.traces.map((t) => `${t.reasoning ?? ""} ${t.text}`)].join("\n").toLowerCase();
      if (words.every((word) => text.includes(word))) hits.add(`${number}/${place}`);
    });
    found(hits, (number + 1) / count);
    await new Promise((done) => setTimeout(done));
  }
}
