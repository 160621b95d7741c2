"""A run of its own process, to be killed: `python -m tests.api.driver URL STORE COUNT CONCURRENCY [OPTIONS]`.

Asks COUNT prompts and prints the responses' texts as JSON.
"""

from __future__ import annotations

import json
import sys

from orion.cli import run
from orion.complete import complete
from orion.config.endpoint import Endpoint
from orion.engines.api import ApiEngine
from orion.progress import Progress
from orion.store import Store
from tests.api.client_helpers import ask


def main() -> None:
    url, path, count, concurrency, *options = sys.argv[1:]
    more = json.loads(options[0]) if options else {}
    endpoint = Endpoint(base_url=url, concurrency=int(concurrency), **more)
    progress = Progress("driver")
    with Store(path) as store:
        engine = ApiEngine(endpoint, store=store, note=progress.note)
        responses = complete([ask(f"p{i}") for i in range(int(count))], engine, store, progress=progress)
    print(json.dumps([response.text for response in responses]))


if __name__ == "__main__":
    run(main)
