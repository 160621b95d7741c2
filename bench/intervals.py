"""`python -m bench.intervals`: how often 95% intervals hold the truth, by method, and how often the tests cry wolf.

Simulated benchmarks whose truth is known: problems of a given spread of difficulty, n draws each. `ours` is the
interval of the tables; the others are what one would do instead: treating every draw as an observation (`samples`), the
percentile bootstrap over problems, the t interval over problems.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import stats

from orion.statistics.intervals import score
from orion.statistics.paired import compare

DIFFICULTY = {  # Beta parameters: how the problems' success rates spread
    "alike (0.5)": (500.0, 500.0),
    "spread, mean 0.5": (2.0, 2.0),
    "hard or easy, mean 0.3": (0.3, 0.7),
    "mostly easy, mean 0.8": (0.4, 0.1),
    "nearly all hard, mean 0.05": (0.05, 0.95),
}


def normal(mean: float, variance: float, q: float = 1.96) -> tuple[float, float]:
    return mean - q * variance**0.5, mean + q * variance**0.5


def intervals(values: np.ndarray, draws: int, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """95% intervals of the mean of `values`, the share of right draws of each problem."""
    problems, mean = len(values), float(values.mean())
    ours = score([values[None]], observations=problems * draws)
    resampled = rng.multinomial(problems, np.full(problems, 1 / problems), size=1000) @ values / problems
    low, high = np.quantile(resampled, [0.025, 0.975])
    variance = float(values.var(ddof=1)) / problems
    return {
        "samples": normal(mean, mean * (1 - mean) / (problems * draws)),
        "bootstrap": (float(low), float(high)),
        "t": normal(mean, variance, float(stats.t.ppf(0.975, problems - 1))),
        "ours": (ours.low, ours.high),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.intervals", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=1000)
    repetitions = parser.parse_args().repetitions
    print(f"coverage of 95% intervals in % ({repetitions} repetitions), and false alarms of the paired test at 5%")
    print(f"{'problems':>8} {'draws':>5}  {'difficulty':28} samples bootstrap     t  ours | alarms")
    for problems in (30, 40, 500):
        for draws in (1, 10):
            for name, (a, b) in DIFFICULTY.items():
                rng = np.random.default_rng(0)
                truth, hits, alarms = a / (a + b), dict.fromkeys(("samples", "bootstrap", "t", "ours"), 0), 0
                for _ in range(repetitions):
                    rates = rng.beta(a, b, problems)
                    first, second = (rng.binomial(draws, rates) / draws for _ in range(2))
                    for method, (low, high) in intervals(first, draws, rng).items():
                        hits[method] += low <= truth <= high
                    alarms += compare([first[None]], [second[None]], draws=draws, flips=999).p <= 0.05
                shares = {method: 100 * count / repetitions for method, count in hits.items()}
                print(
                    f"{problems:8} {draws:5}  {name:28} {shares['samples']:7.1f} {shares['bootstrap']:9.1f} "
                    f"{shares['t']:5.1f} {shares['ours']:5.1f} | {100 * alarms / repetitions:5.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
