"""What the models are asked. The same question serves exposure, training and evaluation: one user turn, no system
message. Texts that only some methods use have a default; a text enters the specs of those methods alone."""

from __future__ import annotations

import re

from pydantic import Field, ValidationInfo, field_validator

from orion.config.base import Part

# What each text has to be filled in with.
HOLES: dict[str, set[str]] = {
    "question": {"problem"},
    "refine_error_and_cot": {"problem", "error", "reference"},
    "refine_cot": {"problem", "reference"},
    "question_after_error": {"problem", "error"},
    "wot_substitute": {"problem", "attempt"},
    "wot_steps": {"problem", "attempt"},
    "wot_again": {"problem", "attempt"},
    "wot_retry": {"problem", "attempts"},
    "edit_rectify": {"problem", "label"},
    "edit_corrupt": {"problem", "reference", "examples"},
    "edit_mistake": {"problem", "right", "wrong"},
    "pass_verify": {"problem", "draft"},
    "pass_backtrack": {"problem", "draft"},
    "pass_alternatives": {"problem", "draft"},
    "pass_structure": {"problem", "draft"},
    "template_write": {"problem", "solution"},
    "template_inspect": {"problem", "solution", "template"},
    "template_mend": {"problem", "solution", "template", "faults"},
    "template_question": {"problem"},
    "judge_preference": {"problem", "solutions"},
    "judge_error": {"problem", "label", "error"},
    "correct_locate": {"problem", "reference", "steps"},
    "correct_step": {"problem", "reference", "steps", "number"},
    "correct_inspect": {"problem", "solution", "steps", "number", "correction"},
    "correct_mend": {"problem", "solution", "steps", "number", "correction", "faults"},
    "correct_finish": {"question", "steps"},
}
_HOLE = re.compile(r"\{(" + "|".join(sorted(set.union(*HOLES.values()))) + r")\}")

TO_EDIT = "Problem: {problem}\n\nSolution to edit: {draft}\n\n"
WHOLE = "Keep its words otherwise, write out all of it, and end with the final answer in \\boxed{}."
CORRECTED = (
    "Problem: {problem}\n\nReference solution: {solution}\n\nSteps so far: {steps}\n\nCorrection of step {number}: "
    "{correction}\n\n"
)
VERDICT = "End with one line: 'Verdict: correct' or 'Verdict: wrong'."


class Prompts(Part):
    """Editing a text redoes what is asked with it, and only that."""

    question: str = Field(description="asks the student and the teacher to solve {problem}")
    refine_error_and_cot: str = Field(description="asks the student to rewrite {reference} for {problem} after {error}")
    refine_cot: str = Field(description="the same without the student's error (ablation 'w/o Solution Error')")
    question_after_error: str = Field(
        description="{problem} with the student's wrong {error} beside it (ablation 'w/o Self-Reflection')"
    )
    wot_substitute: str = Field(
        "Problem: {problem}\n\nProposed solution: {attempt}\n\nPut the final answer of the proposed solution back into "
        f"the problem and check whether every condition of the problem holds. {VERDICT}",
        description="Wrong-of-Thought, first check of an {attempt}: put the answer back into the problem",
    )
    wot_steps: str = Field(
        "Problem: {problem}\n\nProposed solution: {attempt}\n\nGo through the proposed solution one step at a time and "
        f"check each calculation and each conclusion. {VERDICT}",
        description="Wrong-of-Thought, second check: step by step",
    )
    wot_again: str = Field(
        "Problem: {problem}\n\nProposed solution: {attempt}\n\nSolve the problem yourself without following the "
        f"proposed solution, then compare your final answer with the proposed one. {VERDICT}",
        description="Wrong-of-Thought, third check: solve again and compare",
    )
    wot_retry: str = Field(
        "Solve the problem step by step. Put the final answer in \\boxed{}.\n\n{problem}\n\nThe following was tried "
        "before and found wrong. Do not repeat its mistake; solve the problem in a different way.\n\n{attempts}",
        description="Wrong-of-Thought: another solution, with the rejected {attempts} in view",
    )

    edit_rectify: str = Field(
        "Problem: {problem}\n\nHint: the correct answer is {label}.\n\nSolve the problem step by step, so that the "
        "reasoning leads to the correct answer. Write out the whole reasoning and do not mention the hint. Put the "
        "final answer in \\boxed{}.",
        description="EDIT: asks the teacher for a right CoT where it had a wrong one, with the {label} as a hint",
    )
    edit_corrupt: str = Field(
        "These are wrong solutions and right ones of some problems.\n\n{examples}\n\nNow another one.\n\nProblem: "
        "{problem}\n\nRight solution: {reference}\n\nWrite the wrong solution of this problem that is likeliest to "
        "be given. Keep the words and steps of the right solution, but make one mistake and carry it through to the "
        "end. Do not say that it is wrong. Put the wrong final answer in \\boxed{}.",
        description="EDIT: asks the teacher for the likeliest wrong CoT beside a right {reference}, after {examples}",
    )

    pass_verify: str = Field(
        f"{TO_EDIT}Write the solution anew so that it verifies itself: after each step, check what it gave in another "
        f"way, and say that you do. {WHOLE}",
        description="Minimal CoT, multi-pass editing of a {draft}: verification",
    )
    pass_backtrack: str = Field(
        f"{TO_EDIT}Write the solution anew so that it thinks aloud and backtracks: where one could go wrong, doubt, "
        f"follow the wrong way a little, notice that it fails and return. {WHOLE}",
        description="Minimal CoT, multi-pass editing of a {draft}: backtracking",
    )
    pass_alternatives: str = Field(
        f"{TO_EDIT}Write the solution anew so that it looks at each step in another way as well, before it goes on. "
        f"{WHOLE}",
        description="Minimal CoT, multi-pass editing of a {draft}: alternatives",
    )
    pass_structure: str = Field(
        f"{TO_EDIT}Write the solution anew in five parts, each under its own word: 'Understand:' what is given and "
        "asked, 'Plan:' the steps to take, 'Solve:' the steps, 'Check:' a test of the result, 'Answer:' the final "
        f"answer. {WHOLE}",
        description="Minimal CoT: gives a {draft} a fixed structure",
    )

    edit_mistake: str = Field(
        "Problem: {problem}\n\nRight solution: {right}\n\nWrong solution: {wrong}\n\nCompare the two solutions and "
        "find the first mistake of the wrong one. Say in a sentence what it is. Then name its kind: logic (the steps "
        "do not follow, or are the wrong steps), knowledge (a fact, a word or a rule is misunderstood) or calculation "
        "(the right step is computed wrongly). End with one line: 'Kind: logic', 'Kind: knowledge' or 'Kind: "
        "calculation'.",
        description="EDIT: asks the teacher, as a judge, which kind of mistake tells {wrong} from {right}",
    )

    template_write: str = Field(
        "Problem: {problem}\n\nReference solution: {solution}\n\nRecast the reference solution as XML. Write its steps "
        "as <Step 1>...</Step 1>, <Step 2>...</Step 2> and so on; inside a tricky step add <Key>...</Key> with a "
        "detailed explanation. After the steps write <Generalized>...</Generalized>: how problems of this kind are "
        "solved. Last write <Answer>...</Answer> with the final answer in \\boxed{}. Write nothing else.",
        description="SuperCorrect: asks the teacher to recast a {solution} as a hierarchical template",
    )
    template_inspect: str = Field(
        "Problem: {problem}\n\nReference solution: {solution}\n\nRecast solution: {template}\n\nCompare the recast "
        "solution with the reference solution, step by step. Name every faulty part and say what is wrong with it. "
        "End with one line: 'Verdict: pass' if there is none, else 'Verdict: faulty'.",
        description="SuperCorrect: asks the inspector for faulty parts of a {template}",
    )
    template_mend: str = Field(
        "Problem: {problem}\n\nReference solution: {solution}\n\nRecast solution: {template}\n\nReport of an "
        "inspector: {faults}\n\nWrite the recast solution anew, in the same XML, with the faulty parts mended. Write "
        "nothing else.",
        description="SuperCorrect: asks the teacher to mend the {faults} of a {template}",
    )
    template_question: str = Field(
        "Solve the problem in numbered steps: <Step 1>...</Step 1> and so on, with a <Key>...</Key> inside tricky "
        "ones; then <Generalized>...</Generalized>, how such problems are solved; then <Answer>...</Answer> with the "
        "final answer in \\boxed{}.\n\n{problem}",
        description="SuperCorrect: asks the student for a solution in the form of the templates it was trained on",
    )
    correct_locate: str = Field(
        "Problem: {problem}\n\n{reference}Solution to check: {steps}\n\nGo through the steps of the solution one after "
        "another, up to the first one that is wrong: a wrong calculation, a wrong reading of the problem, or a wrong "
        "conclusion. End with one line: 'Wrong step: ' and its number, or 'Wrong step: none' if every step is right.",
        description="SuperCorrect: asks for the first wrong step of a solution; {reference} is the solution of the "
        "problem, with its label, for the teacher, and empty for the student",
    )
    correct_step: str = Field(
        "Problem: {problem}\n\n{reference}Steps so far: {steps}\n\nStep {number} is wrong, the steps before it are "
        "right. Write <Cause>...</Cause>, why step {number} is wrong, then <Correction>...</Correction>, step {number} "
        "as it should be. Write nothing else.",
        description="SuperCorrect: asks for the correction of step {number}, the last of {steps}; {reference} as above",
    )
    correct_inspect: str = Field(
        f"{CORRECTED}Step {{number}} was wrong. Compare its correction with the reference solution: the corrected step "
        "has to be right and to follow from the steps before it; a cause, where one is given, has to be the true one. "
        "Name every fault. End with one line: 'Verdict: pass' if there is none, else 'Verdict: faulty'.",
        description="SuperCorrect: asks the inspector for faults of a {correction}, the teacher's or the student's",
    )
    correct_mend: str = Field(
        f"{CORRECTED}Report of an inspector: {{faults}}\n\nWrite <Cause>...</Cause> and <Correction>...</Correction> "
        "for step {number} anew, with these faults mended. Write nothing else.",
        description="SuperCorrect: asks the teacher to mend the {faults} of a {correction}",
    )
    correct_finish: str = Field(
        "{question}\n\nThe solution begins with these steps: {steps}\n\nWrite the whole solution, with these steps as "
        "its beginning.",
        description="SuperCorrect, self-correction: asks the student to go on from corrected {steps}; {question} is "
        "what it was asked at first",
    )

    judge_preference: str = Field(
        "Problem: {problem}\n\nSolutions: {solutions}\n\nThe solutions stand in no particular order. Which of them "
        "would you give to a student to learn from? It has to be right, its reasoning coherent and complete, and its "
        "steps easy to follow. Being long is no merit, and being short is none. First compare the solutions in a few "
        "sentences. Then end with one line, 'Choice: ' and the letter of the best solution.",
        description="asks the judge which of several {solutions} is best; each stands between tags with its letter",
    )
    judge_error: str = Field(
        "Problem: {problem}\n\nCorrect answer: {label}\n\nWrong solution: {error}\n\nFind the first mistake of the "
        "wrong solution and say in two or three sentences what it is. Then name its one primary type: reasoning (a "
        "step that does not follow, or a wrong way of solving), comprehension (what the problem says or asks is "
        "misread or left out), calculation (a right step is computed wrongly), knowledge (a fact, formula or rule "
        "is wrong or unknown) or format-or-truncation (there is no proper final answer: it breaks off, repeats "
        "itself or has another form). End with one line, 'Type: ' and the type.",
        description="asks the judge for the type of an {error}; the names of the types and the last line are fixed",
    )

    @field_validator("*")
    @classmethod
    def _has_holes(cls, text: str, info: ValidationInfo) -> str:
        needed, found = HOLES[info.field_name or ""], set(_HOLE.findall(text))
        if found != needed:
            raise ValueError(
                f"the text has the holes {sorted(found)}; it needs exactly {sorted(needed)}, written like {{problem}}"
            )
        return text

    def refine(self, feedback: str) -> str:
        return {"error-and-cot": self.refine_error_and_cot, "cot": self.refine_cot}[feedback]
