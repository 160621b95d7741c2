// Which items are listed: a pure function of the index and of what the address bar says.
import { wordsOf } from "./data.js";

export const NAMES = ["q", "student", "set", "method", "verdict", "change", "type", "min", "max"];

const mostly = (share) => share >= 0.5;

const VERDICTS = {
  right: (share) => share === 1,
  mixed: (share) => share > 0 && share < 1,
  wrong: (share) => share === 0,
};

/** The entries that fit `state`; `hits` (from a search of all texts) limits them to its places. */
export function fitting(index, state, hits) {
  const words = wordsOf(state.q);
  const methods = state.method ? [state.method] : index.methods;
  const min = Number(state.min) || 0;
  const max = Number(state.max) || Infinity;
  const verdict = VERDICTS[state.verdict];
  return index.entries.filter((entry) => {
    if (state.student && entry.student !== state.student) return false;
    if (state.set && entry.set !== state.set) return false;
    if (state.type && entry.type !== state.type) return false;
    if (entry.longest < min || entry.shortest > max) return false;
    if (state.method && entry.right[state.method] === undefined) return false;
    if (state.verdict === "kept" && !entry.kept) return false;
    if (state.verdict === "dropped" && entry.rewrites === entry.kept) return false;
    if (verdict && !methods.some((method) => entry.right[method] !== undefined && verdict(entry.right[method]))) return false;
    if (state.change) {
      const before = entry.right[index.base];
      const changed = (method) => {
        const after = entry.right[method];
        if (method === index.base || before === undefined || after === undefined) return false;
        return state.change === "gained" ? !mostly(before) && mostly(after) : mostly(before) && !mostly(after);
      };
      if (!methods.some(changed)) return false;
    }
    if (!words.length) return true;
    const head = `${entry.id} ${entry.title}`.toLowerCase();
    return words.every((word) => head.includes(word)) || Boolean(hits?.has(`${entry.chunk}/${entry.place}`));
  });
}
