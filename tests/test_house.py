"""The house itself: sizes, names, and what must not stand in it."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
SOURCES = [
    path
    for folder in ("src", "simulators", "tests", "bench")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "/migrations/" not in str(path)
]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def test_files_are_short():
    lines = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path: count for path, count in lines.items() if count > FILE_LINES_MAX} == {}


def test_functions_are_short():
    long = {
        f"{path}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in SOURCES
        for node in functions(path)
        if node.end_lineno and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_nothing_is_imported_inside_a_function():
    inside = [
        f"{path}:{inner.lineno}"
        for path in SOURCES
        for node in functions(path)
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    ]
    assert inside == []


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "manager", "base", "misc"])
def test_no_file_is_named_for_nothing(name):
    assert [str(path) for path in SOURCES if path.stem == name] == []


def test_there_are_no_signals():
    pattern = re.compile(r"django\.(db\.models|core|dispatch)[\w.]*signals|@receiver\b")
    found = [str(p) for p in SOURCES if "src" in p.parts and pattern.search(p.read_text())]
    assert found == []


def test_no_note_is_left_for_later():
    words = re.compile(r"#\s*(" + "TO" + "DO|FIX" + "ME|XX" + r"X)\b")
    assert [str(p) for p in SOURCES if words.search(p.read_text(encoding="utf-8"))] == []


def test_no_registry_is_named():
    """Where packages come from is the machine's business: the lock holds names and hashes."""
    hosts = "py" + "pi.org|pythonhosted" + ".org|npm" + "js.org|deb.debian" + ".org"
    done = subprocess.run(
        ["git", "grep", "-nIE", hosts, "--", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
