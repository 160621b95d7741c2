r"""Normal text of an answer: what is left when everything that carries no meaning is taken away.

`\dfrac{1}{2}`, `\frac12` and ` \tfrac {1} {2}.` have the same normal text. It is the cheapest comparison, and what
the readers of numbers and expressions work on. Linear in the length of the answer.
"""

from __future__ import annotations

import re
from fractions import Fraction

_UNICODE = str.maketrans(
    {
        **{c: "-" for c in "−–—‒﹣－"},
        **{c: " " for c in "\u00a0\u2009\u202f\u2002\u2003\u200a\u3000\t\n\r\f\v"},
        **{c: "" for c in "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\ufeff\x00"},
        **{c: "'" for c in "’‘′"},
        **{c: '"' for c in "“”″"},
        **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", (f"^{{{d}}}" for d in range(10)), strict=True)),
        **dict(zip("₀₁₂₃₄₅₆₇₈₉", (f"_{{{d}}}" for d in range(10)), strict=True)),
        **dict(zip("０１２３４５６７８９", "0123456789", strict=True)),
        **{"½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "⅔": r"\frac{2}{3}", "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}"},
        **{"⅕": r"\frac{1}{5}", "⅖": r"\frac{2}{5}", "⅗": r"\frac{3}{5}", "⅘": r"\frac{4}{5}", "⅙": r"\frac{1}{6}"},
        **{"⅚": r"\frac{5}{6}", "⅛": r"\frac{1}{8}", "⅜": r"\frac{3}{8}", "⅝": r"\frac{5}{8}", "⅞": r"\frac{7}{8}"},
        **{
            "×": r"\times ",
            "·": r"\cdot ",
            "⋅": r"\cdot ",
            "∙": r"\cdot ",
            "÷": r"\div ",
            "∗": "*",
            "⁄": "/",
            "∕": "/",
        },
        **{"≤": r"\le ", "≥": r"\ge ", "⩽": r"\le ", "⩾": r"\ge ", "≠": r"\ne ", "≈": r"\approx ", "∈": r"\in "},
        **{
            "∞": r"\infty ",
            "∪": r"\cup ",
            "∩": r"\cap ",
            "∅": r"\emptyset ",
            "±": r"\pm ",
            "∓": r"\mp ",
            "°": r"^\circ ",
        },
        **{
            "√": r"\sqrt ",
            "π": r"\pi ",
            "θ": r"\theta ",
            "α": r"\alpha ",
            "β": r"\beta ",
            "λ": r"\lambda ",
            "μ": r"\mu ",
        },
        **{
            "ω": r"\omega ",
            "φ": r"\phi ",
            "σ": r"\sigma ",
            "τ": r"\tau ",
            "ρ": r"\rho ",
            "γ": r"\gamma ",
            "δ": r"\delta ",
        },
        **{"ε": r"\epsilon ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "⟨": r"\langle ", "⟩": r"\rangle ", "％": r"\%"},
        **{"（": "(", "）": ")", "，": ",", "：": ":", "；": ";", "。": ".", "＝": "=", "＋": "+", "、": ","},
    }
)
_SIZES = re.compile(
    r"\\(?:left|right|bigg?|Bigg?|bigg?[lrm]|Bigg?[lrm]|middle)(?![a-zA-Z])\s*(?:\.(?!\d))?|\\(?:displaystyle|textstyle|"
    r"scriptstyle|limits|nolimits|rm|bf|it|mathstrut|hfill|strut|large|Large|huge|small|normalsize|boldmath|quad|qquad)"
    r"(?![a-zA-Z])|\\phantom\s*(?:\{[^{}]*\}|[^\\{])|\\[hv]space\*?\s*\{[^{}]*\}|\\(?:label|tag)\s*\{[^{}]*\}"
)
_SPACES = re.compile(r"(?<!\\)\\[,;:!> ]|~")
_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|,\\!|\\!,|,\\,|\\,|\\;|\\ |\\:)\s*(?=\d{3}(?!\d))")
_RENAMED = re.compile(
    r"\\(?P<frac>[dtc]frac)(?![a-zA-Z])|\\(?P<binom>[dt]binom)(?![a-zA-Z])|\\(?P<le>leq|leqslant)(?![a-zA-Z])"
    r"|\\(?P<ge>geq|geqslant)(?![a-zA-Z])|\\(?P<ne>neq)(?![a-zA-Z])|\\(?P<to>rightarrow)(?![a-zA-Z])"
    r"|\\(?P<set>lbrace)(?![a-zA-Z])|\\(?P<tes>rbrace)(?![a-zA-Z])|\\(?P<abs>[lr]?vert)(?![a-zA-Z])"
    r"|\\(?P<brace>lbrack)(?![a-zA-Z])|\\(?P<ecarb>rbrack)(?![a-zA-Z])|\\(?P<empty>varnothing)(?![a-zA-Z])"
    r"|\\(?P<minus>textminus)(?![a-zA-Z])|\\(?P<text>textbf|textrm|textit|textsf|texttt|textnormal|mbox|mathrm|"
    r"mathsf|hbox|textup|operatorname\*?|emph|mathop)(?![a-zA-Z])|\\(?P<bold>mathbf|mathit|boldsymbol|bm|underline)(?![a-zA-Z])"
)
_NAMES = {
    **{"frac": r"\frac", "binom": r"\binom", "le": r"\le", "ge": r"\ge", "ne": r"\ne", "to": r"\to", "set": r"\{"},
    **{
        "tes": r"\}",
        "abs": "|",
        "brace": "[",
        "ecarb": "]",
        "empty": r"\emptyset",
        "minus": "-",
        "text": r"\text",
        "bold": "",
    },
}
_LINE_SPACING = re.compile(r"(\\\\)\s*\[-?[\d.]+ ?(?:pt|em|ex|mm|cm)\]")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.,/])\d{1,3}(?: \d{3})+(?![\d/])")
_MATH_MARKS = re.compile(r"(?<!\\)(?:\$|\\[()\[\]])")
_LOOSE = re.compile(r"(\\[a-zA-Z]+) (?=[a-zA-Z])|(?<!\d)\s+|\s+(?!\d)")
_DECIMAL = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,4})?")
_RATIO = re.compile(
    r"([-+]?)\s*\\frac\s*(?:\{\s*(-?\d+)\s*\}|(\d))\s*(?:\{\s*(-?\d+)\s*\}|(\d))|([-+]?\d+)\s*/\s*(\d+)"
)
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def normal(answer: str) -> str:
    """The answer without sizes, spacing commands, math marks, typographic variants and a final full stop."""
    text = answer.translate(_UNICODE)
    if "\\" in text:
        if "\\\\" in text and "{matrix}" not in text and "matrix}" not in text and "{array}" not in text:
            text = text.replace("\\\\", "\\")
        text = _LINE_SPACING.sub(r"\1 ", text)
        text = _MATH_MARKS.sub(" ", text)
        text = _THOUSANDS.sub("", text)
        text = _SIZES.sub(" ", text)
        text = _SPACES.sub(" ", text)
        text = _RENAMED.sub(lambda match: _NAMES[match.lastgroup or ""], text)
    else:
        text = text.replace("$", " $") if text.count("$") == 1 else text.replace("$", " ")
        text = text.replace("{,}", "").replace("~", " ")
    text = " ".join(text.strip().strip("*`").split())
    if " " in text:
        text = _SPACED_THOUSANDS.sub(lambda match: match[0].replace(" ", ""), text)
    while text.endswith((".", ",", ";", ":")) and not text.endswith("\\"):
        text = text[:-1].rstrip()
    return text


def tight(text: str) -> str:
    """Normal text without any spaces but those that end a command or part numbers: `2 \\pi x` becomes `2\\pi x`."""
    return _LOOSE.sub(lambda match: match[1] + " " if match[1] else "", text)


def rational(text: str) -> Fraction | None:
    """The value of normal text that is an integer, a decimal or a fraction of integers; None for anything else."""
    text = text.replace(" ", "") if text[:1] in "+-" else text
    if len(text) > 2000:
        return None
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if _DECIMAL.fullmatch(text):
        return Fraction(text if not text.endswith(".") else text[:-1])
    match = _RATIO.fullmatch(text)
    if match is None:
        return None
    above, below = (match[6], match[7]) if match[6] else (match[2] or match[3], match[4] or match[5])
    if int(below) == 0:
        return None
    value = Fraction(int(above), int(below))
    return -value if match[1] == "-" else value


def degrouped(text: str) -> list[str]:
    """The readings of normal text with commas: `1,234` may be a number or a list; inside brackets it is a list."""
    if "," not in text or any(mark in text for mark in ("(", "[", "\\{", "\\langle")) or ", " in text:
        return [text]
    joined = re.sub(r"(?<![\d,.])(\d{1,3}(?:,\d{3})+)(?![\d,])", lambda match: match[1].replace(",", ""), text)
    return [text] if joined == text else [joined, text]
