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


def leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)  # vLLM's own processes too: the engine made us the leader of a group


async def answer_all(job: dict, out) -> None:  # type: ignore[no-untyped-def, type-arg]
    from vllm import SamplingParams
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.lora.request import LoRARequest
    from vllm.sampling_params import RequestOutputKind
    from vllm.v1.engine.async_llm import AsyncLLM

    engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**job["engine"]))
    lora = LoRARequest("adapter", 1, job["adapter"]) if job["adapter"] else None

    def write(line: dict) -> None:  # type: ignore[type-arg]
        out.write(json.dumps(line) + "\n")
        out.flush()

    write({"ready": True})

    async def answer(number: int, ask: dict) -> None:  # type: ignore[type-arg]
        params = SamplingParams(**ask["params"], output_kind=RequestOutputKind.FINAL_ONLY)
        async for output in engine.generate({"prompt_token_ids": ask["ids"]}, params, str(number), lora_request=lora):
            done = output.outputs[0]
            line = {
                "ask": number,
                "tokens": list(done.token_ids),
                "text": done.text,
                "finish_reason": done.finish_reason,
            }
            write(line)

    try:
        await asyncio.gather(*(answer(number, ask) for number, ask in enumerate(job["asks"])))
    finally:
        engine.shutdown()


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=leave_with_parent, daemon=True).start()
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        job = json.load(file)
    asyncio.run(answer_all(job, out))
    os._exit(0)  # vLLM is shut down; what its parts do when the interpreter ends is noise


if __name__ == "__main__":
    main()
