"""The peer of `bench.client`, run by the interpreter of an environment that has bespokelabs-curator (CURATOR_PYTHON):
`python bench/curator.py URL FOLDER CONCURRENCY MAX_TOKENS < PROMPTS.json` prints the seconds it took and the rows kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import Any

os.environ.update(OPENAI_API_KEY="none", CURATOR_VIEWER="0", TELEMETRY_ENABLED="false")

import tiktoken


def encoding(*_: Any) -> Any:
    """Curator counts tokens to forecast costs, with a vocabulary that tiktoken downloads. Bytes do here, at no less
    speed: what is measured needs no network."""
    words = {bytes([value]): value for value in range(256)}
    return tiktoken.Encoding("bytes", pat_str=r"[^ ]+| +", mergeable_ranks=words, special_tokens={})


tiktoken.get_encoding = tiktoken.encoding_for_model = encoding

from bespokelabs import curator  # noqa: E402 (reads the environment above)


class Asker(curator.LLM):  # type: ignore[misc]
    def prompt(self, row: dict[str, str]) -> str:
        return row["q"]

    def parse(self, row: dict[str, str], response: str) -> list[dict[str, str]]:
        return [{"q": row["q"], "a": response}]


def main() -> None:
    url, folder, concurrency, max_tokens = sys.argv[1:]
    prompts = json.load(sys.stdin)
    asker = Asker(
        model_name="m",
        backend="openai",
        generation_params={"max_tokens": int(max_tokens)},
        backend_params={
            "base_url": url,
            "max_concurrent_requests": int(concurrency),
            "max_requests_per_minute": 10**7,
            "max_tokens_per_minute": 10**10,
            "max_retries": 3,
            "require_all_responses": False,
        },
    )
    begun, kept = time.perf_counter(), 0
    with contextlib.redirect_stdout(sys.stderr):
        try:
            rows = asker([{"q": prompt} for prompt in prompts], working_dir=folder)
            kept = len(getattr(rows, "dataset", rows))
        except Exception as error:  # a run that fails keeps nothing; what it asked, the server knows
            print(type(error).__name__, error, file=sys.stderr)
    print(json.dumps({"seconds": time.perf_counter() - begun, "kept": kept}))


if __name__ == "__main__":
    main()
