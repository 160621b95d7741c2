"""Analyses: what the papers' analysis sections show, one module each, as tables of numbers (METHODS of each inside).

Each is `python -m orion.analysis.NAME --inputs FILES --output TABLE`; `orion.figures` draws the tables.
"""
