"""Benchmarks as data: `known` lists those with a name, `entry` is what a config says, `read` loads and checks rows.

To add a benchmark for everybody, copy an entry of `known`; to use one of your own, write an entry in the config.
"""
