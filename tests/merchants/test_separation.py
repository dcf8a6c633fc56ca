"""L25 and L28: no secret has a default, no statement is sewn from input; merchants never mix."""

import ast
import re
from pathlib import Path

import pytest
from django.db import connection

import kacang
from kacang.merchants import audit, operations, queries
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.operations import KeyDraft
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import CannotOpen

SOURCE = Path(kacang.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
SECRET_NAME = re.compile(r"(password|secret|token|api_?key|master_?key)$", re.IGNORECASE)
# Statements are sewn from our own constants only in these places; each is looked at in review.
# Migrations' texts; names of tables and columns that rooms list, each a plain name by assertion;
# the filters of orders, payments and customers, whose conditions are texts of their own and whose
# values are parameters.
SEWN_FROM_CONSTANTS = {
    "merchants/schema.py",
    "outbox/rotating.py",
    "orders/finding/building.py",
    "payments/finding/pages.py",
    "customers/finding/pages.py",
}
SQL = re.compile(
    r"\b(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from)\b",
    re.IGNORECASE | re.DOTALL,
)


def trees():
    for file in FILES:
        yield file.relative_to(SOURCE).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def names_of(target: ast.expr) -> str:
    if isinstance(target, ast.Name):
        return target.id
    return target.attr if isinstance(target, ast.Attribute) else ""


class TestL25:
    def test_L25_no_default_secrets(self):
        """No name of a secret is given a text in the source."""
        found = []
        for file, tree in trees():
            for node in ast.walk(tree):
                pairs: list[tuple[str, ast.expr | None]] = []
                if isinstance(node, ast.Assign):
                    pairs = [(names_of(target), node.value) for target in node.targets]
                elif isinstance(node, ast.AnnAssign):
                    pairs = [(names_of(node.target), node.value)]
                elif isinstance(node, ast.keyword) and node.arg:
                    pairs = [(node.arg, node.value)]
                for name, value in pairs:
                    if (
                        SECRET_NAME.search(name)
                        and isinstance(value, ast.Constant)
                        and isinstance(value.value, (str, bytes))
                        and len(value.value) >= 6
                        and not value.value[:1].isupper()
                        and " " not in str(value.value)
                    ):
                        found.append(f"{file}:{value.lineno}: {name} = {value.value!r}")
        assert [one for one in found if not is_a_name(one)] == []

    def test_L25_no_keys_of_known_forms(self):
        forms = re.compile(
            r"kc_(live|test)_[A-Za-z0-9]{20}|whsec_[A-Za-z0-9+/]{16}|sk_live_|AKIA[0-9A-Z]{16}"
            r"|-----BEGIN [A-Z ]*PRIVATE KEY"
        )
        found = [f.name for f in FILES if forms.search(f.read_text(encoding="utf-8"))]
        assert found == []

    def test_L25_no_statement_is_sewn_from_input(self):
        """An f-string, `%` or `.format` that makes SQL may hold constants of ours only."""
        found = []
        for file, tree in trees():
            if "/migrations/" in file or file in SEWN_FROM_CONSTANTS:
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr):
                    text = "".join(str(v.value) for v in node.values if isinstance(v, ast.Constant))
                    holes = [v.value for v in node.values if isinstance(v, ast.FormattedValue)]
                    if SQL.search(text) and not all(is_constant(hole) for hole in holes):
                        found.append(f"{file}:{node.lineno}")
        assert found == []

    def test_L25_settings_have_no_fallback_for_secrets(self):
        text = (SOURCE / "settings.py").read_text(encoding="utf-8")
        assert re.findall(r"_secret\(\"[A-Z_]+\", +\"", text) == []


def is_a_name(line: str) -> bool:
    """Field names, column names and template words are no secrets: letters and _ alone."""
    return re.search(r"= '[a-z_./:-]+'$", line) is not None


def is_constant(hole: ast.expr) -> bool:
    """Upper-case names, and names of our own that begin with one, are constants."""
    for node in ast.walk(hole):
        if isinstance(node, ast.Name) and not node.id.strip("_").isupper():
            return node.id in {"table", "columns", "column", "name", "dialect"}
        if isinstance(node, ast.Call):
            return False
    return True


class TestL28:
    def fill(self, merchant):
        operations.add_staff(
            merchant_id=merchant, email=f"m{merchant}@example.com", name="x", role="owner",
            actor=SYSTEM,
        )  # fmt: skip
        draft = KeyDraft("x", ("orders:read",))
        operations.create_key(merchant_id=merchant, draft=draft, actor=SYSTEM)
        operations.change_settings(
            merchant_id=merchant, values={"pay_minutes": 33}, actor=Actor("user", 1, "x")
        )
        operations.add_host(merchant_id=merchant, host=f"m{merchant}.example.com", actor=SYSTEM)

    def test_L28_two_shops_on_one_server_see_nothing_of_each_other(self, merchant, other_merchant):
        self.fill(other_merchant)

        assert queries.staff(merchant_id=merchant) == []
        assert queries.api_keys(merchant_id=merchant) == []
        assert queries.hosts(merchant_id=merchant) == []
        assert queries.setting(merchant_id=merchant, name="pay_minutes") == 15
        assert queries.audit_page(merchant_id=merchant, where=queries.AuditFilter()).rows == []
        assert queries.audit_actions(merchant_id=merchant) == []

    def test_L28_nothing_is_seen_without_saying_for_whom(self, merchant):
        self.fill(merchant)
        with connection.cursor() as cursor:
            for table in ("merchant", "membership", "api_key", "setting", "host", "audit_entry"):
                cursor.execute(f"select count(*) from {table}")
                assert cursor.fetchone() == (0,), table

    def test_L28_one_cannot_write_for_the_other(self, merchant, other_merchant):
        with pytest.raises(Exception, match="row-level security"), acting_as(merchant):
            audit.record(merchant_id=other_merchant, actor=SYSTEM, action="forged")
        page = queries.audit_page(merchant_id=other_merchant, where=queries.AuditFilter())
        assert page.rows == []

    def test_L28_secrets_of_one_do_not_open_for_the_other(self, merchant, other_merchant):
        sealed = cipher_for(merchant).seal("card", "secret", b"VIPA-8827")
        with pytest.raises(CannotOpen):
            cipher_for(other_merchant).open("card", "secret", sealed)
        assert cipher_for(merchant).open("card", "secret", sealed) == b"VIPA-8827"
