"""Training speed and memory beside TRL's, in one run, on the same rows: `python -m bench.training --help`.

Rows have log-normal lengths, as CoTs do. Every contender trains LoRA on the same token ids with the same mask, eight
rows an optimiser step, in a process of its own, one after the other; the losses must agree to 1e-3.
TRL is no dependency of this package: `make peers` puts it into .venv-peers.

    PYTHONPATH=.venv-peers python -m bench.training --model results/models/NAME/manifest.json --threads 1
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONTENDERS = {
    "ours": "orion.training as configured",
    "trl": "SFTTrainer, its defaults (padded; checkpointed activations; float32 weights under bfloat16 autocast)",
    "trl-bf16": "SFTTrainer, padded, bfloat16 weights, activations kept",
    "trl-packed": "SFTTrainer, packing=True, else as trl-bf16",
}
ROWS_PER_STEP = 8
LORA: dict[str, Any] = {"r": 16, "alpha": 16, "dropout": 0.05}


def make_rows(count: int, tokenizer: Any, seed: int) -> list[tuple[list[int], int]]:
    """(token ids, length of the prompt): prompts of 40-120 tokens, completions of log-normal length, median 150."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        prompt, completion = draw.randint(40, 120), min(1200, max(16, round(draw.lognormvariate(5.0, 0.8))))
        text = ""
        while len(ids := tokenizer(text).input_ids) < prompt + completion:
            a, b = draw.randint(2, 99), draw.randint(2, 99)
            text += f"She has {a} apples and buys {b} more, so she has {a} + {b} = {a + b} apples in all. " * 4
        rows.append((ids[: prompt + completion], prompt))
    return rows


def clock() -> float:
    """Seconds. On a CPU of the process's own work, a thread's share of it, so that other load does not count."""
    import torch

    return time.monotonic() if torch.cuda.is_available() else time.process_time() / torch.get_num_threads()


def peak_mb() -> float:
    import resource

    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def summary(steps: Sequence[tuple[float, int, int, float]]) -> dict[str, float]:
    """Of (seconds, tokens, trained tokens, mean loss) of each step. The first step warms up and is not timed."""
    timed = steps[1:]
    seconds = sum(step[0] for step in timed)
    trained = sum(step[2] for step in steps)
    return {
        "trained_per_s": sum(step[2] for step in timed) / seconds,
        "tokens_per_s": sum(step[1] for step in timed) / seconds,
        "s_per_step": statistics.median(step[0] for step in timed),
        "loss": sum(step[2] * step[3] for step in steps) / trained,
        "trained": trained,
        "peak_mb": peak_mb(),
    }


def run_ours(rows: list[tuple[list[int], int]], manifest: Any, threads: int) -> dict[str, float]:

    from orion.config.training import Training
    from orion.training import model, run
    from orion.training.checkpoints import Checkpoints
    from orion.training.loop import Loop
    from orion.training.objectives.sft import Sft
    from orion.training.rows import Example, Side
    from orion.training.team import Team

    steps: list[tuple[float, int, int, float]] = []

    class Timed(Loop):
        def _step(self, number: int, total: int, examples: Any) -> dict[str, float]:
            began = clock()
            row = super()._step(number, total, examples)
            tokens, trained = sum(e.tokens for e in examples), sum(e.trained for e in examples)
            steps.append((clock() - began, tokens, trained, row["loss"]))
            return row

    run.keep_freed_memory()
    team = Team()
    training = Training.model_validate(
        {"lora": LORA, "epochs": 1, "learning_rate": 1e-12, "accumulation": ROWS_PER_STEP}
    )
    reader = model.load(manifest, training, None, 2048, team.device, False)
    examples = [
        Example(str(n), (Side(ids, prompt, [1.0] * (len(ids) - prompt)),)) for n, (ids, prompt) in enumerate(rows)
    ]
    with tempfile.TemporaryDirectory() as folder:
        Timed(
            reader, Sft(), examples, training, 0, team=team, batch_tokens=run.batch_tokens(team.device),
            checkpoints=Checkpoints(Path(folder), 1e9),
        ).run()  # fmt: skip
    return summary(steps)


def run_trl(rows: list[tuple[list[int], int]], manifest: Any, name: str) -> dict[str, float]:
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from orion.config.training import ALL_LINEAR

    data = Dataset.from_dict(
        {
            "input_ids": [ids for ids, _ in rows],
            "completion_mask": [[0] * prompt + [1] * (len(ids) - prompt) for ids, prompt in rows],
        }
    )
    default = name == "trl"
    longest = max(len(ids) for ids, _ in rows)
    options: dict[str, Any] = {} if default else {"gradient_checkpointing": False}
    per_step = ROWS_PER_STEP
    if name == "trl-packed":  # as many tokens a step as eight rows have, in the mean
        per_step = max(1, round(ROWS_PER_STEP * sum(len(ids) for ids, _ in rows) / len(rows) / longest))
        options |= {"packing": True}
    model = AutoModelForCausalLM.from_pretrained(
        **manifest.arguments(), dtype=torch.float32 if default else torch.bfloat16, attn_implementation="sdpa"
    )
    steps: list[tuple[float, int, int, float]] = []

    class Timed(SFTTrainer):  # type: ignore[misc]
        def training_step(self, model: Any, inputs: Any, *rest: Any, **more: Any) -> Any:
            trained, tokens = int((inputs["labels"] != -100).sum()), int(sum(map(len, inputs["input_ids"])))
            if "attention_mask" in inputs:
                tokens = int(inputs["attention_mask"].sum())
            loss = super().training_step(model, inputs, *rest, **more)
            steps.append((0.0, tokens, trained, loss.item()))
            return loss

    class Clock(TrainerCallback):
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.began = clock()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            steps[-1] = (clock() - self.began, *steps[-1][1:])

    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder, per_device_train_batch_size=per_step, num_train_epochs=1, learning_rate=1e-12,
            max_length=longest, completion_only_loss=True, report_to=[], use_cpu=not torch.cuda.is_available(),
            save_strategy="no", disable_tqdm=True, **options,
        )  # fmt: skip
        trainer = Timed(
            model, config, train_dataset=data, processing_class=AutoTokenizer.from_pretrained(**manifest.arguments()),
            callbacks=[Clock()], peft_config=LoraConfig(
                task_type="CAUSAL_LM", r=LORA["r"], lora_alpha=LORA["alpha"], lora_dropout=LORA["dropout"],
                target_modules=list(ALL_LINEAR),
            ),
        )  # fmt: skip
        trainer.train()
    return summary(steps)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", required=True, help="manifest.json of a student")
    parser.add_argument("--rows", type=int, default=48)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        import torch
        from transformers import AutoTokenizer

        from orion.students import read_manifest

        torch.set_num_threads(arguments.threads)
        manifest = read_manifest(arguments.model)
        rows = make_rows(arguments.rows, AutoTokenizer.from_pretrained(**manifest.arguments()), seed=0)
        name = arguments.contender
        result = run_ours(rows, manifest, arguments.threads) if name == "ours" else run_trl(rows, manifest, name)
        print("RESULT " + json.dumps(result))
        return 0
    results: dict[str, dict[str, float]] = {}
    for name in arguments.only:
        done = subprocess.run(
            [sys.executable, "-m", "bench.training", *sys.argv[1:], "--contender", name], capture_output=True, text=True
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if not lines:
            print(f"{name}: failed\n{done.stderr[-2000:]}", file=sys.stderr)
            return 1
        results[name] = json.loads(lines[0].removeprefix("RESULT "))
        print(name, {k: round(v, 4) for k, v in results[name].items()}, flush=True)
    print(
        f"\n{arguments.rows} rows, {ROWS_PER_STEP} a step, {arguments.threads} thread(s); peak memory is of the process"
    )
    print("| contender | trained tokens/s | ours is | s a step | peak MB | loss - ours |")
    print("| --- | --- | --- | --- | --- | --- |")
    ours = results.get("ours", next(iter(results.values())))
    for name, row in results.items():
        ratio, gap = ours["trained_per_s"] / row["trained_per_s"], row["loss"] - ours["loss"]
        cells = (
            f"{row['trained_per_s']:.0f} | {ratio:.2f}x | {row['s_per_step']:.2f} | {row['peak_mb']:.0f} | {gap:+.5f}"
        )
        print(f"| {name}: {CONTENDERS[name]} | {cells} |")
    worst = max(abs(row["loss"] - ours["loss"]) for row in results.values())
    print(f"largest difference in loss: {worst:.5f} of {ours['loss']:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
