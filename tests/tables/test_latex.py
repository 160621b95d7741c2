"""LaTeX tables are taken by a real LaTeX as they are, and fit the page."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from orion.tables import layout, plain
from orion.tables.comparison import make_table
from orion.tables.config import ScoreTable
from orion.tables.results import read_scores

DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs,graphicx}
\begin{document}
%s
\end{document}
"""


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here (Debian: texlive-latex-recommended)")
def test_a_wide_table_and_a_plain_one_compile_and_fit(make_scores: Callable[..., Path], tmp_path: Path) -> None:
    methods = ["vanilla", "sft-long-cot", "orion"]
    right = {f"bench_{n}%": [n, n + 1] * 15 for n in range(5)}  # eighteen columns
    labels = {"orion": r"ORION & co_{x}^2 #1 ~ $5 \o", "tiny": "Tiny <135M>", "bench_0%": "Bench Δ −"}
    spec = ScoreTable(
        methods=methods, decoding="sampled", reference="orion", labels=labels, k=[5, 10], answers=["tokens"]
    )
    table = make_table(spec, read_scores([make_scores(m, right, student="tiny") for m in methods]))
    rows = [{"stage": "training_set", "why not": "too-long 3 & more", "tokens": 12_345.6, "money": None}] * 3
    text = DOCUMENT % (layout.latex(table) + plain.latex(rows, "Costs in $ & 100%.", "cost"))
    (tmp_path / "doc.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "doc.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / "doc.pdf").exists() and not re.search("Overfull", done.stdout)
