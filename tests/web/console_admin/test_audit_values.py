"""The audit log is read in words: every name of a value that the code logs has one (I3)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from kacang.merchants.settings import SPECS
from kacang.web.console.admin.audit_values import VALUES, value_word

SOURCES = Path("src/kacang")


def logged(tree: ast.AST) -> Iterator[str]:
    """The names in `before={...}` and `after={...}` of calls that record something."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not ast.unparse(call.func).endswith(("record", "log")):
            continue
        for given in call.keywords:
            if given.arg in ("before", "after") and isinstance(given.value, ast.Dict):
                for key in given.value.keys:
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield key.value


def test_every_value_that_is_logged_has_a_word():
    nameless = {
        f"{path}: {name}"
        for path in SOURCES.rglob("*.py")
        for name in logged(ast.parse(path.read_text("utf-8")))
        if name not in VALUES and name not in SPECS
    }

    assert not nameless


@pytest.mark.parametrize(
    ("of", "name", "value", "shown"),
    [
        ("withdrawal", "state", "asked", "待审核"),
        ("product", "state", "off_sale", "已下架"),
        ("nothing", "state", "asked", "asked"),
        ("payment_account", "provider", "bank_transfer", "银行转账"),
    ],
)
def test_a_code_is_read_by_what_has_it(of, name, value, shown):
    with translation.override("zh-hans"):
        assert value_word(name, value, "CNY", of) == shown
