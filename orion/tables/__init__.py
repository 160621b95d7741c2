"""Tables as a paper prints them: `python -m orion.tables`, from scores files to results/tables/{name}.csv, .md, .tex.

`results` reads the scores, `comparison` makes rows, tests and marks of them, `caption` says how they were made,
`layout` writes CSV, Markdown and LaTeX from that one source; `paper` holds the published numbers beside ours.
"""
