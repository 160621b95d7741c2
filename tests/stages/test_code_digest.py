"""A stage's code digest: what it imports counts, docstrings, comments and other stages do not."""

import ast

from orion import code
from orion.code import modules_of


def test_a_stage_depends_on_what_it_imports_lazily_too():
    found = modules_of("orion.error_set")
    assert {"orion", "orion.error_set", "orion.samples", "orion.files", "orion.cli"} <= set(found)
    assert "orion.refinement" not in found and "orion.training" not in found


def test_a_package_run_as_a_program_includes_its_main():
    assert "orion.problems.__main__" in modules_of("orion.problems")


def test_imports_for_the_type_checker_are_no_code():
    tree = ast.parse("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import orion.sample\nimport orion.cli")
    assert set(code._imports(tree)) == {"typing", "typing.TYPE_CHECKING", "orion.cli"}


def test_docstrings_and_comments_do_not_count(tmp_path):
    first, second, third = (tmp_path / name for name in ("a.py", "b.py", "c.py"))
    first.write_text('"""One."""\n\ndef f():\n    """Two."""\n    return 1\n')
    second.write_text('"""Other."""\n# a comment\ndef f():\n    return 1  # another\n')
    third.write_text("def f():\n    return 2\n")
    digests = [code._parsed(path)[0] for path in (first, second, third)]
    assert digests[0] == digests[1] != digests[2]
