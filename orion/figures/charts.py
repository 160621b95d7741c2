"""Which figure an analysis has. To add one: a `Chart` in a file beside this one, and a line here."""

from __future__ import annotations

from orion.figures.correcting import LOCATING, SELF_CORRECTION, STABILITY, SUBJECTS
from orion.figures.judged import CORRECTION, ERRORS, PREFERENCE
from orion.figures.refinement import DISTANCE, FUNNEL
from orion.figures.theme import Chart
from orion.figures.training import ENTROPY, KEY_TOKENS, LENGTHS, PERPLEXITY

CHARTS: dict[str, Chart] = {
    "entropy": ENTROPY,
    "perplexity": PERPLEXITY,
    "lengths": LENGTHS,
    "funnel": FUNNEL,
    "distance": DISTANCE,
    "key_tokens": KEY_TOKENS,
    "preference": PREFERENCE,
    "errors": ERRORS,
    "correction": CORRECTION,
    "self_correction": SELF_CORRECTION,
    "locating": LOCATING,
    "stability": STABILITY,
    "subjects": SUBJECTS,
}
