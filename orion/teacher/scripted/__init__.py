"""The scripted teacher: a program, not a model, that answers like a reasoning endpoint.

It knows the sentences of `orion.problems.arithmetic` and writes long, checking, sometimes detouring (and now and then
wrong) chains of thought about them, so that the whole pipeline runs without a key, a network or a GPU. It is a
stand-in for a teacher: nothing it says shows what a reasoning model would do.
"""
