"""How often intervals of few clusters hold the truth, and how often tests of no difference say there is one.

Two systems without a difference answer the questions of a few passages; what a passage has in common is drawn once.
Plain percentiles of the bootstrap are beside the expanded ones. Run: python benchmarks/few_clusters.py
"""

from __future__ import annotations

import argparse

import numpy as np

from weft.statistics.paired import differences
from weft.statistics.resampling import mean, of_values, resampled


def main() -> None:
    """Print a row for each number of clusters."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=2_000)
    options.add_argument("--samples", type=int, default=1_000)
    given = options.parse_args()
    print("clusters  plain 95 %  expanded 95 %  permutation p < .05")
    for clusters in (3, 5, 8, 10, 20, 30):
        draw = np.random.default_rng(clusters)
        plain = expanded = rejected = 0
        names = np.repeat(np.arange(clusters), 5)
        for run in range(given.runs):
            # Accuracies of two systems on five questions of each passage; passages differ in how hard they are.
            rates = draw.beta(2, 2, (clusters, 2))[names]
            values = (draw.random(rates.shape) < rates).astype(float)
            (found,) = differences(of_values(values), mean, clusters=names, samples=given.samples, seed=run)
            expanded += found.low <= 0 <= found.high
            rejected += found.permutation_p < 0.05
            sums = of_values(values).reshape(clusters, 5, 2, 2).sum(axis=1)
            drawn = np.concatenate([mean(block) for block in resampled(sums, given.samples, run)])
            low, high = np.percentile(drawn[:, 1] - drawn[:, 0], [2.5, 97.5])
            plain += low <= 0 <= high
        shares = [100 * count / given.runs for count in (plain, expanded, rejected)]
        print(f"{clusters:8}  {shares[0]:9.1f}   {shares[1]:12.1f}   {shares[2]:18.1f}")


if __name__ == "__main__":
    main()
