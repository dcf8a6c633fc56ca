"""What the walks over all pages rest on sees the faults that it is there for (W4)."""

from collections import Counter

import pytest

from tests.browser.harness import (
    DESKTOP,
    assert_axe,
    assert_walked_by_keyboard,
    dialog_faults,
    faults_of,
)

pytestmark = pytest.mark.browser
PLAIN = """<!doctype html><html lang=en><title>t</title><body>
<a href=#f>frame</a><main><h1>t</h1><a href=#a>one</a> <button>two</button> {more}</main></body>"""
TRAP = """<button id=t>three</button><script>
t.addEventListener('keydown', e => {{ if (e.key === 'Tab') {{ e.preventDefault(); {then} }} }});
</script>"""
DIALOG = """<button data-open=d onclick="{open}">open</button>
<dialog id=d style="{look}"><h2>A question</h2><button>close</button></dialog>"""


@pytest.fixture
def page(open_page):
    page = open_page(DESKTOP)
    page.goto("/healthz")
    return page


def show(page, more=""):
    page.set_content(PLAIN.format(more=more))
    return page


@pytest.mark.parametrize("from_main", [False, True])
def test_a_page_without_fault_has_none(page, from_main):
    assert (
        list(faults_of(show(page, "<input type=time aria-label=when>"), from_main=from_main)) == []
    )


@pytest.mark.parametrize("from_main", [False, True])
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (TRAP.format(then=""), "no way out"),
        (TRAP.format(then="document.querySelector('main button').focus()"), "a trap"),
        ("<a href=#b style='outline: none'>bare</a>", "not marked"),
        ("<a href=#b style='position: absolute; width: 0; height: 0'></a>", "unseen"),
    ],
)
def test_a_walk_by_keyboard_sees(page, more, said, from_main):
    with pytest.raises(AssertionError, match=said):
        assert_walked_by_keyboard(show(page, more), from_main=from_main)


def test_axe_sees_what_cannot_be_read(page):
    with pytest.raises(AssertionError, match="color-contrast"):
        assert_axe(show(page, "<p style='color: #ccc; background: #fff'>pale</p>"))


@pytest.mark.parametrize(
    ("open_by", "look", "said"),
    [
        ("d.showModal()", "", ""),
        ("", "", "does not open"),
        ("d.showModal()", "width: 3000px; max-width: none", "sticks out sideways"),
        ("d.show()", "", "does not close by Escape"),
        ("d.showModal()", "color: #ccc; background: #fff", "color-contrast"),
    ],
)
def test_a_dialog_is_opened_and_looked_at(page, open_by, look, said):
    show(page, DIALOG.format(open=open_by, look=look))

    found = list(dialog_faults(page, Counter(), with_axe=True))

    assert bool(found) == bool(said)
    assert said in "; ".join(found)
