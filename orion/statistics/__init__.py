"""What a set of graded samples says, and how sure one may be: pure functions on arrays, no files.

`estimates` turns a problem's draws into its values (Acc@1, pass@k, maj@k), `intervals` puts an error bar on their mean,
`paired` compares two methods on the same problems, `planning` says what a comparison could have shown and what would
settle it. Values are shares in [0, 1], in arrays of (seeds, problems) or (problems, draws).
"""
