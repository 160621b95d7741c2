"""Problems and benchmarks: where they come from and how they become `results/problems/*.parquet`."""
