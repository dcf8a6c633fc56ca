"""Rule 29: merchants' texts are Markdown through an allow-list."""

import pytest

from kacang.shared.markdown import render


class TestRender:
    def test_keeps_what_guides_are_made_of(self):
        html = render(
            "# 使用方法\n1. 打开 **应用**\n2. 输入兑换码\n\n[帮助](https://example.com/a?b=1)"
        )

        assert "<h3>使用方法</h3>" in html
        assert "<ol>\n<li>打开 <strong>应用</strong></li>" in html
        assert 'href="https://example.com/a?b=1" rel="nofollow noopener noreferrer"' in html

    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "![x](https://evil.example/track.gif)",
            "[x](javascript:alert(1))",
            "[x](data:text/html,alert)",
            '<a href="#" style="position:fixed">x</a>',
            "<iframe src=//evil.example></iframe>",
        ],
    )
    def test_rule_29_lets_nothing_through_that_acts(self, text):
        html = render(text)

        for wrong in (
            "<script",
            "<img",
            "<iframe",
            'href="javascript',
            'href="data',
            '<a href="#"',
        ):
            assert wrong not in html

    def test_keeps_line_breaks_and_tables(self):
        assert "<br" in render("第一行\n第二行")
        assert "<td>2</td>" in render("| a | b |\n|---|---|\n| 1 | 2 |")
