"""What a test of pages needs: a real browser, a strict ear for its complaints, axe, pictures."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page

from kacang.merchants.models import User

CHROMIUM = os.environ.get("KACANG_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21aa"]
DESKTOP, PHONE = (1440, 900), (390, 844)
# A page that is meant to answer 4xx makes the browser say so; that is no fault of the page.
MEANT = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@dataclass
class Complaints:
    """What the browser complained of: script errors, policy violations, missing files."""

    texts: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Collect what this page complains of from now on."""
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.texts.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not MEANT.match(message.text):
            self.texts.append(message.text)


Opener = Callable[..., Page]


def opener(browser: Browser, base_url: str, complaints: Complaints) -> tuple[Opener, Any]:
    """Return a function that opens pages, and one that closes all it opened.

    Options: `size` (DESKTOP or PHONE), `dark`, `scripts` (False: without JavaScript), `language`.
    """
    contexts = []

    def open_page(
        size: tuple[int, int] = DESKTOP,
        *,
        dark: bool = False,
        scripts: bool = True,
        language: str = "zh-CN",
    ) -> Page:
        context = browser.new_context(
            base_url=base_url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            java_script_enabled=scripts,
            locale=language,
            timezone_id="Asia/Shanghai",
            has_touch=size == PHONE,
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(8_000)
        contexts.append(context)
        page = context.new_page()
        complaints.listen(page)
        return page

    def close() -> None:
        for context in contexts:
            context.close()

    return open_page, close


def sign_in(page: Page, address: str, email: str) -> None:
    """Let a window of the application at `address` belong to somebody who has signed in."""
    client = Client()
    client.force_login(
        User.objects.get(email=email), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": f"{address}/console/"}]
    )


# What is well is neither described nor sent: there is far more of it than of faults.
VIOLATIONS = """
async ([rules, within]) => {
  const found = await axe.run(within || document, {runOnly: rules, resultTypes: ['violations']});
  return found.violations.map(
    one => [one.id, one.nodes.slice(0, 5).map(node => node.target)]);
}
"""


def assert_axe(page: Page) -> None:
    """Demand that axe finds no violation of WCAG 2.1 A and AA on the page as it is now."""
    problems = axe_faults(page)
    assert problems == [], problems


def axe_faults(page: Page, within: str = "") -> list[str]:
    """Return what axe finds. `within`: the selector of the part that alone is looked at."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(VIOLATIONS, [RULES, within])
    return [f"{name}: {', '.join(map(str, targets))}" for name, targets in found]


def assert_fits(page: Page) -> None:
    """Demand that nothing sticks out of the window sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{wide} px wider than the window"


# What has the focus is written down as it gets it, so that Tab can be pressed many times between
# two questions. Tab goes from day to month within a date, and from hour to minute within a time:
# the focus stays where it is then.
WALK = """
from_main => {
  window.walked = [];
  window.walk_faults = [];
  const main = document.querySelector('main');
  if (from_main) {
    main.tabIndex = -1;
    main.focus();
  }
  document.addEventListener('focusin', event => {
    const it = event.target;
    if (window.walk_end) return;
    if (from_main && main.compareDocumentPosition(it) & Node.DOCUMENT_POSITION_PRECEDING) {
      window.walk_end = 'round';
      return;
    }
    if (window.walked.includes(it)) {
      window.walk_end = it === window.walked[0] ? 'round' : 'a trap: ' + it.outerHTML.slice(0, 90);
      return;
    }
    window.walked.push(it);
    const box = it.getBoundingClientRect(), look = getComputedStyle(it);
    const around = [it, it.nextElementSibling, it.closest('label'), it.parentElement];
    const is_marked = around.some(one => {
      const style = one && getComputedStyle(one);
      return style && ((style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
        || style.boxShadow !== 'none');
    });
    const is_seen = box.width > 0 && box.height > 0 && look.visibility === 'visible';
    if (!is_seen) window.walk_faults.push('unseen: ' + it.outerHTML.slice(0, 90));
    else if (!is_marked) window.walk_faults.push('not marked: ' + it.outerHTML.slice(0, 90));
  }, true);
}
"""
WALKED = """
() => ({
  end: window.walk_end || (document.activeElement === document.body ? 'out' : ''),
  faults: window.walk_faults,
})
"""
TABS_MAX = 400
TABS_AT_ONCE = 10
# Dialogs that every page of the console has.
IN_THE_FRAME = frozenset({"palette", "shortcuts", "more"})


def assert_walked_by_keyboard(page: Page, *, from_main: bool = False) -> None:
    """Demand that Tab leads through the page and out of it, and that one sees where one is.

    `from_main`: what stands before the page's main part was walked through elsewhere.
    """
    page.evaluate(WALK, from_main)
    end, faults = "", []
    for _ in range(TABS_MAX // TABS_AT_ONCE):
        for _ in range(TABS_AT_ONCE):
            page.keyboard.press("Tab")
        walked = page.evaluate(WALKED)
        end, faults = walked["end"], walked["faults"]
        if end:
            break
    if end not in ("round", "out"):
        faults = [*faults, end or "no way out"]
    assert not faults, "; ".join(faults)


def faults_of(page: Page, *, from_main: bool = False) -> Iterator[AssertionError]:
    """Return all that is wrong with a page: for axe, for its width, by keyboard."""
    walk = partial(assert_walked_by_keyboard, from_main=from_main)
    for check in (assert_axe, assert_fits, walk):
        try:
            check(page)
        except AssertionError as fault:
            yield fault


# What opens a dialog, one for each kind: rows have the same ones, told apart by what they are of.
OPENERS = """
() => {
  const kinds = new Map();
  for (const one of document.querySelectorAll('[data-open]')) {
    const name = one.dataset.open, kind = name.replace(/-([0-9]+|[a-z]+_[0-9A-Za-z]{20})\b/, '');
    if (!kinds.has(kind)) kinds.set(kind, name);
  }
  return [...kinds];
}
"""
OPENED = """
name => {
  const dialog = document.getElementById(name);
  document.querySelector(`[data-open="${name}"]`).click();
  if (!dialog || !dialog.open) return ['does not open'];
  const box = dialog.getBoundingClientRect(), faults = [];
  if (box.left < 0 || box.right > innerWidth) faults.push('sticks out sideways');
  if (box.top < 0 || box.bottom > innerHeight) faults.push('sticks out of the window');
  if (dialog.scrollWidth > dialog.clientWidth) faults.push('is wider within than without');
  if (!dialog.contains(document.activeElement)) faults.push('has not the focus');
  return faults;
}
"""
CLOSED = """
name => document.getElementById(name).open ? ['does not close by Escape'] : []
"""


def dialog_faults(page: Page, opened: Counter[str], *, with_axe: bool) -> Iterator[str]:
    """Return what is wrong with the dialogs of a page, each opened by its button.

    `opened` counts them by kind; those of the frame are looked at once. `with_axe`: whether axe
    looks at them too, which takes longest.
    """
    for kind, name in page.evaluate(OPENERS):
        if kind in IN_THE_FRAME and kind in opened:
            continue
        opened[kind] += 1
        faults = page.evaluate(OPENED, name)
        if with_axe:
            faults += axe_faults(page, f'[id="{name}"]')
        page.keyboard.press("Escape")
        faults += page.evaluate(CLOSED, name)
        yield from (f"dialog {name}: {fault}" for fault in faults)


def shot(page: Page, name: str) -> None:
    """Take a picture of the whole page when KACANG_SHOTS names a folder for it."""
    folder = os.environ.get("KACANG_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        # Hiding the caret would write a style into the page, which its policy refuses.
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, caret="initial")
