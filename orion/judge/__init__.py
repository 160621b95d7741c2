"""Judgements of a model: which CoT is better, and what kind of error a wrong solution holds (METHODS 7).

`cases.py` chooses the errors, `errors.py` and `preference.py` ask, through the teacher client and its store, so that no
judgement is paid for twice; `orion.analysis` counts. A judgement is an opinion; what could not be read is counted.
"""
