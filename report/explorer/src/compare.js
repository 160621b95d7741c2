// A worker: what two texts have in common, without holding up the page. Texts come as arrays of words, each of which
// becomes one character for diff-match-patch.
import { cleanupEfficiency, makeDiff } from "@sanity/diff-match-patch";

const SECONDS = 3; // afterwards the comparison gets coarser
const COMMON = 4; // fewer words in common between two differences belong to them

function written(words, known) {
  return words.map((word) => {
    if (!known.has(word)) {
      // Below the surrogates, then above them; should words ever run out, the last ones look alike.
      const next = 1 + known.size;
      known.set(word, String.fromCharCode(next < 0xd800 ? next : Math.min(next + 0x800, 0xfffd)));
    }
    return known.get(word);
  }).join("");
}

/** Ranges of words that only the first text has, and only the second; and the share of the first that is in both. */
export function compared(before, after) {
  const known = new Map();
  const raw = makeDiff(written(before, known), written(after, known), { timeout: SECONDS, checkLines: false });
  const common = raw.reduce((sum, [kind, text]) => sum + (kind === 0 ? text.length : 0), 0);
  const gone = [];
  const added = [];
  let at = 0;
  let to = 0;
  for (const [kind, text] of cleanupEfficiency(raw, COMMON)) {
    if (kind < 0) gone.push([at, at + text.length]);
    if (kind > 0) added.push([to, to + text.length]);
    if (kind <= 0) at += text.length;
    if (kind >= 0) to += text.length;
  }
  return { gone, added, share: before.length ? common / before.length : 0 };
}

self.onmessage = ({ data: { number, before, after } }) => self.postMessage({ number, ...compared(before, after) });
