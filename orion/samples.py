"""Graded completions as rows: the one shape in which exposure, refinement and evaluation write what a policy said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orion.types import Request, Response, Verdict

if TYPE_CHECKING:
    import polars as pl


def schema() -> dict[str, Any]:
    """Columns of a sample: `id` is the problem's, `key` leads to the raw response in the store, `made` is the day (UTC)
    on which that was received, `gpu_seconds` what it took then."""
    import polars as pl

    return {
        "id": pl.String,
        "draw": pl.Int64,
        "response": pl.String,
        "reasoning": pl.String,
        "answer": pl.String,
        "verdict": pl.String,
        "how": pl.String,
        "reason": pl.String,
        "finish_reason": pl.String,
        "truncated": pl.Boolean,
        "prompt_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
        "key": pl.String,
        "made": pl.String,
        "gpu_seconds": pl.Float64,
    }


def row(request: Request, response: Response, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": request.id,
        "draw": request.draw,
        "response": response.text,
        "reasoning": response.reasoning,
        "answer": verdict.answer,
        "verdict": verdict.verdict,
        "how": verdict.how,
        "reason": response.error or verdict.reason,
        "finish_reason": response.finish_reason,
        "truncated": response.truncated,
        "prompt_tokens": response.prompt_tokens,
        "completion_tokens": response.completion_tokens,
        "key": request.key,
        "made": datetime.fromtimestamp(response.time, UTC).date().isoformat() if response.time else None,
        "gpu_seconds": response.gpu_seconds,
    }


def table(rows: Sequence[dict[str, Any]], **more_columns: Any) -> pl.DataFrame:
    """Rows in their order; `more_columns` are further columns and their types. No rows give an empty, valid table."""
    import polars as pl

    return pl.DataFrame(rows, schema=schema() | more_columns, orient="row")
