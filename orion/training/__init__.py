"""Training: a training set and a student -> an adapter and its log. `python -m orion.training --help`.

The way of the data: `rows` (training set -> token ids and weights, by the objective), `preflight` (refuses what would
go silently wrong), `shelf` (is the adapter known already?), `model` (base weights, adapter), `loop` (steps, log,
checkpoints), with `batches`, `attention`, `lora` and `losses` below it. An objective is one file in `objectives/`.
"""
