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


def test_what_was_parsed_once_is_not_parsed_again_until_the_file_changes(tmp_path, monkeypatch):
    own, kept = tmp_path / "orion/one.py", tmp_path / "kept.json"
    own.parent.mkdir()
    monkeypatch.setattr(code, "ROOT", tmp_path)
    monkeypatch.setattr(code, "KEPT", kept)

    def digest(text):
        """As a new process would find it."""
        own.write_text(text)
        code._kept.cache_clear()
        code._parsed.cache_clear()
        code._read.clear()
        found = code._parsed(own)
        code._keep()
        return found, bool(code._read)

    first, parsed = digest("import orion.sample\nx = 1\n")
    assert parsed and kept.exists()
    assert digest("import orion.sample\nx = 1\n") == (first, False)
    changed, parsed = digest("import orion.scores\nx = 1\n")
    assert parsed and changed != first
    kept.write_text("not JSON")
    assert digest("import orion.sample\nx = 1\n") == (first, True)
    code._kept.cache_clear()
    code._parsed.cache_clear()
    code._read.clear()
