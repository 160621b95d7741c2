"""The scripted teacher: a script that answers over HTTP as a reasoning endpoint does."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from orion.problems.arithmetic import FAMILIES, generate
from orion.teacher.scripted.voice import solve

PROBLEM = "Ana has 5 beads. She loses 2 beads. How many beads does Ana have now?"


@pytest.fixture(scope="module")
def url():
    process = subprocess.Popen(
        [sys.executable, "-m", "orion.teacher.scripted", "--port", "0", "--slip-rate", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    yield line.removeprefix("listening on ").strip()
    process.terminate()
    process.wait()


def post(url, body):
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request) as reply:
        return reply.read().decode()


def chat(text, **more):
    return {"model": "scripted-r1", "messages": [{"role": "user", "content": text}], **more}


def test_it_solves_every_family_and_its_slips_are_wrong():
    for _, problem in generate(dict.fromkeys(FAMILIES, 20), (2, 12), "s", False):
        right, wrong = solve(problem.problem, 0, 0.0), solve(problem.problem, 0, 1.0)
        assert right.response.endswith(rf"\boxed{{{problem.answer}}}.")
        assert len(right.reasoning) > 2 * len(problem.solution)
        assert wrong.reasoning != right.reasoning


def test_another_seed_is_another_draw_and_the_same_seed_the_same():
    draws = {solve(PROBLEM, seed, 0.0).reasoning for seed in range(10)}
    assert len(draws) > 1
    assert solve(PROBLEM, 3, 0.0) == solve(PROBLEM, 3, 0.0)


def test_a_whole_answer_has_reasoning_content_and_usage(url):
    body = json.loads(post(url, chat(f"Solve it.\n\n{PROBLEM}")))
    message = body["choices"][0]["message"]
    assert "5 - 2 = 3" in message["reasoning_content"]
    assert message["content"].endswith(r"\boxed{3}.")
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"]["completion_tokens"] > body["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0


def test_a_stream_carries_the_same_text_and_ends_with_usage(url):
    question = chat(PROBLEM, seed=1)
    whole = json.loads(post(url, question))["choices"][0]["message"]
    lines = post(url, {**question, "stream": True, "stream_options": {"include_usage": True}}).split("\n\n")
    assert lines[-2] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    deltas = [c["choices"][0]["delta"] for c in chunks if c["choices"]]
    assert "".join(d.get("reasoning_content", "") for d in deltas) == whole["reasoning_content"]
    assert "".join(d.get("content", "") for d in deltas) == whole["content"]
    assert chunks[-1]["usage"]["completion_tokens"] > 0


def test_a_token_limit_cuts_the_answer_and_says_so(url):
    body = json.loads(post(url, chat(PROBLEM, max_tokens=10)))
    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 10


def test_its_other_model_answers_at_once_with_the_steps(url):
    body = json.loads(post(url, chat(PROBLEM) | {"model": "scripted-chat"}))
    message = body["choices"][0]["message"]
    assert body["model"] == "scripted-chat" and "reasoning_content" not in message
    assert "5 - 2 = 3" in message["content"] and message["content"].endswith(r"\boxed{3}.")
    assert body["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0
    assert "Wait" not in message["content"] and "backwards" not in message["content"]


@pytest.mark.parametrize(("body", "status"), [({"messages": []}, 404), ({"model": "scripted-r1"}, 400)])
def test_bad_requests_get_error_bodies(url, body, status):
    with pytest.raises(urllib.error.HTTPError) as error:
        post(url, body)
    assert error.value.code == status
    assert json.loads(error.value.read())["error"]["message"]
