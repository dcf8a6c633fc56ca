"""What holds for every template and vendored file, whoever wrote it."""

import json
import re
from pathlib import Path

import pytest
from django.template import engines

import kacang
from kacang.web.design import catalogue, drawings
from kacang.web.design.po import Message, read_po, write_mo, write_po
from kacang.web.design.refresh import BROWSER_VENDOR, SPRITE, VENDOR, digest

PACKAGE = Path(kacang.__file__).parent
TEMPLATES = sorted(PACKAGE.rglob("templates/**/*.html"))
PYTHON = sorted((PACKAGE / "web").rglob("*.py"))
STYLE = re.compile(r"""\sstyle\s*=\s*["'{]""")
HANDLER = re.compile(r"""\son[a-z]+\s*=\s*["'{]""")
SCRIPT = re.compile(r"<script(?![^>]*\b(?:src=|type=\"application/))", re.IGNORECASE)
STYLE_BLOCK = re.compile(r"<style\b", re.IGNORECASE)
FOREIGN = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")
ICON = re.compile(r"""{%\s*icon\s+["']([a-z0-9-]+)["']""")
CALLS_OF_HTMX = re.compile(r"\bhx-on\b|hx-vals=.js:|hx-vars=|javascript:")


def offences(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()[:120]}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


class TestTemplates:
    @pytest.mark.parametrize(
        "pattern",
        [STYLE, HANDLER, SCRIPT, STYLE_BLOCK, CALLS_OF_HTMX],
        ids=["style", "handler", "script", "style-block", "htmx-eval"],
    )
    def test_nothing_that_the_content_security_policy_refuses(self, pattern):
        assert offences(pattern, TEMPLATES) == []

    def test_no_page_fetches_from_elsewhere(self):
        fetched = [line for line in offences(FOREIGN, TEMPLATES) if "<a " not in line]

        assert fetched == []

    def test_html_made_in_python_has_no_styles_either(self):
        assert (
            offences(re.compile(r"""<\w+[^>]*\sstyle=|<\w+[^>]*\son(click|load|change)="""), PYTHON)
            == []
        )

    def test_every_icon_is_in_the_sprite(self):
        used = {name for path in TEMPLATES for name in ICON.findall(path.read_text("utf-8"))}

        assert used - drawings.ICON_NAMES == set()

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name + "/" + path.name)
    def test_compiles(self, path):
        engines["django"].from_string(path.read_text(encoding="utf-8"))


class TestVendoredFiles:
    @pytest.mark.parametrize("home", [VENDOR, BROWSER_VENDOR], ids=["static", "tests"])
    def test_are_the_ones_that_were_pinned(self, home):
        parts = json.loads((home / "vendor.json").read_text())
        listed = {
            f"{part['name']}-{part['version']}/{name}": sum_
            for part in parts
            for name, sum_ in part["files"].items()
        }
        found = {
            str(path.relative_to(home)): digest(path)
            for path in home.rglob("*")
            if path.is_file() and path.name != "vendor.json"
        }

        assert found == listed
        assert all("LICENSE" in part["files"] for part in parts)

    def test_the_sprite_holds_what_the_list_names(self):
        names = re.findall(r'<symbol id="i-([a-z0-9-]+)"', SPRITE.read_text())

        assert sorted(names) == sorted(drawings.ICON_NAMES)
        assert len(names) == len(set(names))


class TestCatalogue:
    def test_every_text_has_its_chinese_and_the_files_are_fresh(self):
        assert catalogue.check() == []

    def test_finds_texts_of_code_and_of_templates(self, tmp_path):
        (tmp_path / "templates").mkdir()
        (tmp_path / "code.py").write_text(
            '_("One")\nngettext("a card", "cards", n)\npgettext("order", "Sent")\ngettext(name)\n'
        )
        (tmp_path / "templates" / "page.html").write_text(
            '{% load i18n %}{% translate "Two" %}{{ x|default:_("Three (3)") }}'
            "{% blocktranslate trimmed count n=n %}\n  {{ n }} row\n{% plural %}\n  {{ n }} rows\n"
            "{% endblocktranslate %}"
        )

        found = {use.message for use in catalogue.uses(tmp_path)}

        assert found == {
            Message("One"),
            Message("a card", "cards"),
            Message("Sent", context="order"),
            Message("Two"),
            Message("Three (3)"),
            Message("%(n)s row", "%(n)s rows"),
        }

    def test_says_what_is_missing_and_where(self):
        used = [catalogue.Use(Message("Lost"), "a.py:3"), catalogue.Use(Message("Kept"), "b.py:1")]

        assert catalogue.missing({Message("Kept"): "留"}, used) == ["a.py:3: 'Lost'"]

    def test_says_when_placeholders_differ(self):
        assert catalogue.unequal({Message("%(a)s left"): "剩 %(b)s"}) == ["%(a)s left"]
        assert catalogue.unequal({Message("%(a)s left"): "剩"}) == ["%(a)s left"]
        assert catalogue.unequal({Message("One", "%(n)s"): "%(n)s 个"}) == []

    def test_two_parts_that_differ_are_reported(self, tmp_path):
        (tmp_path / "shop.po").write_text('msgid "Open"\nmsgstr "打开"\n')
        (tmp_path / "design.po").write_text('msgid "Open"\nmsgstr "开启"\n')

        merged = catalogue.merge(tmp_path)

        assert merged.messages == {Message("Open"): "开启"}
        assert merged.complaints == ["shop.po: 'Open' is also '开启' elsewhere"]

    def test_a_written_file_reads_back_as_it_was(self, tmp_path):
        messages = {
            Message('say "no"\n', context="a"): "说“不”\\\n",
            Message("one", "many"): "几",
            Message("plain"): "普通",
        }
        path = tmp_path / "x.po"
        path.write_text(write_po(catalogue.HEADER, messages), encoding="utf-8")

        assert read_po(path) == messages
        assert write_mo(catalogue.HEADER, messages)[:4] == b"\xde\x12\x04\x95"
