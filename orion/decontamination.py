"""`python -m orion.decontamination`: training problems that a benchmark holds too are taken out, and reported.

Way of the data: the problems as they were read, and every benchmark in use -> `results/problems/train.parquet`, with
the pairs that caused a drop beside it. Three checks: exact text, word 13-grams, and near duplicates by MinHash, whose
candidates are checked with their true Jaccard similarity.

Spaces, `$` and typesetting (`\\left`, `\\dfrac`) do not count; signs and operators do: z^4 + z^2 + 1 and z^4 - z^2 + 1
are two problems.
"""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from orion import cli
from orion.config.base import Part

if TYPE_CHECKING:
    from datasketch import MinHash

EXACT, NEAR = "exact", "near duplicate"
SHINGLE = 5  # length of the n-grams that near duplicates are compared by
PERMUTATIONS = 128
_TYPESETTING = re.compile(r"\\(?:left|right|displaystyle|[,;:! ])(?![A-Za-z])|\\(?=[$%])|[$~]")
_QUOTES = str.maketrans("‘’“”–—−", "''\"\"---")


class Decontamination(Part):
    """What counts as the same problem. Exact text always does."""

    ngram: int = Field(
        13,
        ge=0,
        description="so many words in a row in common are too many; 0 turns it off, as for generated problems, which "
        "share their sentences by design",
    )
    near: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Jaccard similarity of 5-grams from which two problems are near duplicates; 0.5 also finds the "
        "same template with other numbers; 0 turns it off",
    )


class Pair(NamedTuple):
    """A training problem and the benchmark problem it is too like. `similarity` is their Jaccard similarity."""

    id: str
    benchmark: str
    benchmark_id: str
    how: str  # exact, N-gram or near duplicate: the strictest that applies
    similarity: float
    shared: str  # the shared words, for an N-gram


class Item(NamedTuple):
    benchmark: str
    id: str
    text: str


Grams = set[tuple[str, ...]]


class Text(NamedTuple):
    """A problem as the three checks see it."""

    exact: str
    """Equal for texts that differ in spaces, case and typesetting alone."""
    words: list[str]
    """Without punctuation at their ends; signs and operators stay."""
    grams: Grams
    """5-grams of words and signs, each sign for itself."""

    @classmethod
    def of(cls, problem: str) -> Text:
        text = unicodedata.normalize("NFKC", problem).translate(_QUOTES)
        text = re.sub(r"\\[dt]frac(?![A-Za-z])", r"\\frac", text)
        text = _TYPESETTING.sub(" ", text).lower()
        words = [word for token in text.split() if (word := token.strip(".,;:?!\"'"))]
        return cls("".join(text.split()), words, ngrams(re.findall(r"\w+|[^\w\s]", text), SHINGLE))


def ngrams(sequence: Sequence[str], size: int) -> Grams:
    """Runs of `size` elements; of a shorter sequence, the sequence as a whole."""
    return {tuple(sequence[i : i + size]) for i in range(max(len(sequence) - size + 1, 1))} if sequence else set()


def similarity(first: Grams, second: Grams) -> float:
    """Jaccard similarity."""
    return len(first & second) / max(len(first | second), 1)


def find_pairs(
    problems: Iterable[tuple[str, str]], benchmarks: Sequence[Item], spec: Decontamination
) -> Iterator[Pair]:
    """Every pair of a training problem (id, text) and a benchmark problem that are the same by `spec`."""
    held = [Text.of(item.text) for item in benchmarks]
    exact: dict[str, list[int]] = defaultdict(list)
    runs: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, text in enumerate(held):
        exact[text.exact].append(i)
        for run in _runs(text, spec.ngram):
            runs[run].append(i)
    near = _Near([text.grams for text in held], spec.near) if spec.near else None
    for id, problem in problems:
        text = Text.of(problem)
        found: dict[int, tuple[str, str]] = {}  # a later check is a stricter one and takes an earlier one's place
        if near:
            found |= {i: (NEAR, "") for i in near.like(text.grams)}
        shared = {i: " ".join(run) for run in reversed(_runs(text, spec.ngram)) for i in runs.get(run, ())}
        found |= {i: (f"{spec.ngram}-gram", first) for i, first in shared.items()}
        found |= {i: (EXACT, "") for i in exact.get(text.exact, ())}
        for i, (how, common) in sorted(found.items()):
            alike = round(similarity(text.grams, held[i].grams), 3)
            yield Pair(id, benchmarks[i].benchmark, benchmarks[i].id, how, alike, common)


def _runs(text: Text, size: int) -> list[tuple[str, ...]]:
    """The n-grams of words of which none may be shared, in the text's order; a shorter text has none."""
    return [tuple(text.words[i : i + size]) for i in range(len(text.words) - size + 1)] if size else []


class _Near:
    """Finds n-gram sets with a Jaccard similarity of at least `threshold`: MinHash for candidates, then exactly."""

    def __init__(self, held: Sequence[Grams], threshold: float) -> None:
        from datasketch import MinHashLSH

        self.held, self.threshold = held, threshold
        # Bands of as many rows as still find 99.5% of the pairs that are just at the threshold.
        recall = {rows: 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) for rows in range(1, 33)}
        rows = max([rows for rows, found in recall.items() if found >= 0.995], default=1)
        self.index = MinHashLSH(num_perm=PERMUTATIONS, params=(PERMUTATIONS // rows, rows))
        for i, grams in enumerate(held):
            if grams:
                self.index.insert(i, _sketch(grams))

    def like(self, grams: Grams) -> list[int]:
        candidates = self.index.query(_sketch(grams)) if grams else []
        return [i for i in candidates if similarity(grams, self.held[i]) >= self.threshold]


def _sketch(grams: Grams) -> MinHash:
    from datasketch import MinHash

    sketch = MinHash(num_perm=PERMUTATIONS, seed=1)
    sketch.update_batch([" ".join(gram).encode() for gram in grams])
    return sketch


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orion.decontamination", description=__doc__)
    parser.add_argument("--spec", default="{}", help="JSON (or @FILE): ngram, near")
    parser.add_argument("--problems", required=True, type=Path, help="parquet: the training problems")
    parser.add_argument("--benchmarks", nargs="*", default=[], type=Path, help="parquet: every benchmark in use")
    parser.add_argument("--output", required=True, type=Path, help="parquet: the problems that stay")
    parser.add_argument("--report", required=True, type=Path, help="CSV: what was dropped, and the pair that caused it")
    parser.add_argument("--stats", required=True, type=Path, help="JSON: problems kept and dropped, by reason")
    arguments = parser.parse_args()
    spec = Decontamination.parse(cli.read_spec(arguments.spec))

    import polars as pl

    from orion.files import read_metadata, read_table, write_json, write_table, write_text

    train = read_table(arguments.problems)
    items = [
        Item(path.stem, id, text)
        for path in arguments.benchmarks
        for id, text in read_table(path).select("id", "problem").iter_rows()
    ]
    pairs = list(find_pairs(train.select("id", "problem").iter_rows(), items, spec))
    order = (NEAR, f"{spec.ngram}-gram", EXACT)
    reasons = {pair.id: pair.how for pair in sorted(pairs, key=lambda pair: order.index(pair.how))}  # strictest last
    kept = train.filter(~pl.col("id").is_in(list(reasons)))
    write_table(arguments.output, kept, read_metadata(arguments.problems) | {"decontamination": spec.model_dump()})
    schema = dict.fromkeys(Pair._fields, pl.String) | {"similarity": pl.Float64}
    write_text(arguments.report, pl.DataFrame(pairs, schema=schema, orient="row").write_csv())
    dropped = dict(Counter(reasons.values()))
    stats = {"in": len(train), "out": len(kept), "dropped": dropped, "pairs": dict(Counter(p.benchmark for p in pairs))}
    write_json(arguments.stats, stats)
    print(f"{len(kept)} of {len(train)} problems stay; dropped {dropped or 'none'}")


if __name__ == "__main__":
    cli.run(main)
