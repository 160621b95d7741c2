"""The process in which vLLM runs for the `vllm` engine. It imports vLLM and the standard library only, since vLLM may
live in a virtual environment of its own; the engine starts it by path.

    python vllm_worker.py JOB     JOB: {"engine": arguments, "adapter": path or null, "asks": [{"ids", "params"}, ...]}

Writes the line {"ready": true} when vLLM is up, then a JSON line for each answer, as soon as it is finished: {"ask",
"tokens", "text", "finish_reason"}. vLLM's own messages go to standard error. When standard input ends, the engine is
gone, and so is the worker.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path


def end_group(group: int) -> None:
    """Kill the processes of a group but the caller, and multiprocessing's resource trackers: these outlive the others
    by design, give vLLM's shared memory back and leave by themselves."""
    if not Path("/proc/self/stat").exists():  # no Linux
        os.killpg(group, signal.SIGKILL)
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended as we looked
            if int((place / "stat").read_text().rpartition(")")[2].split()[2]) != group:
                continue
            if int(place.name) != os.getpid() and b"resource_tracker" not in (place / "cmdline").read_bytes():
                os.kill(int(place.name), signal.SIGKILL)


def leave_with_parent() -> None:
    sys.stdin.buffer.read()
    end_group(os.getpgid(0))  # vLLM's own processes: the engine made us the leader of a group
    os._exit(1)


async def answer_all(job: dict, out) -> None:  # type: ignore[no-untyped-def, type-arg]
    from vllm import SamplingParams
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.lora.request import LoRARequest
    from vllm.sampling_params import RequestOutputKind
    from vllm.usage.usage_lib import UsageContext
    from vllm.v1.engine.async_llm import AsyncLLM

    # Offline defaults: as many rows at once as `vllm.LLM` takes, not as few as a server.
    engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**job["engine"]), usage_context=UsageContext.LLM_CLASS)
    lora = LoRARequest("adapter", 1, job["adapter"]) if job["adapter"] else None

    def write(line: dict) -> None:  # type: ignore[type-arg]
        out.write(json.dumps(line) + "\n")
        out.flush()

    write({"ready": True})

    async def answer(number: int, ask: dict) -> None:  # type: ignore[type-arg]
        params = SamplingParams(**ask["params"], output_kind=RequestOutputKind.FINAL_ONLY)
        prompt = {"type": "token", "prompt_token_ids": ask["ids"]}  # as it is: vLLM's own rendering has nothing to add
        async for output in engine.generate(prompt, params, str(number), lora_request=lora):
            done = output.outputs[0]
            line = {
                "ask": number,
                "tokens": list(done.token_ids),
                "text": done.text,
                "finish_reason": done.finish_reason,
            }
            write(line)

    await asyncio.gather(*(answer(number, ask) for number, ask in enumerate(job["asks"])))


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=leave_with_parent, daemon=True).start()
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        job = json.load(file)
    code = 1
    try:
        asyncio.run(answer_all(job, out))
        code = 0
    except Exception:
        traceback.print_exc()
    end_group(os.getpgid(0))  # nothing is left to do; vLLM's own way to end takes seconds and a page of messages
    os._exit(code)


if __name__ == "__main__":
    main()
