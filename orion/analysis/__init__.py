"""Analyses: what the papers' analysis sections show, one module each, as tables of numbers (METHODS of each inside).

Each is `python -m orion.analysis.NAME --inputs FILES --output TABLE`, and `orion.figures` draws the tables; only
`likelihood` reads with a model. What a judge says of texts is asked for in `orion.judge` and counted here.
"""
