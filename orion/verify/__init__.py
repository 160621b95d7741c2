"""Grading: is the final answer of an output the gold answer? Right, fast, and impossible to hang.

    verify(output, gold) -> Verdict              one output, in a notebook or a test
    verify_batch([(output, gold), ...])          many, which is what the pipeline's stages call
    answer_classes(answers) -> class numbers     which answers are the same, for majority votes
    python -m orion.verify INPUT OUTPUT          a file of outputs

An output passes through extraction.py (which string is the answer), cascade.py (does it agree with the gold) and,
where that takes algebra, pool.py (sympy in processes that can be killed). policy.py says how strictly.
"""

from typing import TYPE_CHECKING, Any

from orion.verify.policy import Grading

if TYPE_CHECKING:
    from orion.verify.classes import answer_classes
    from orion.verify.grader import verify, verify_batch

__all__ = ["Grading", "answer_classes", "verify", "verify_batch"]


def __getattr__(name: str) -> Any:
    """The grader when it is first used: the workflow is planned with `Grading` alone."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from orion.verify.classes import answer_classes
    from orion.verify.grader import verify, verify_batch

    return {"answer_classes": answer_classes, "verify": verify, "verify_batch": verify_batch}[name]
