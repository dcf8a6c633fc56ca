"""What a test of pages needs: a real browser, a strict ear for its complaints, axe, pictures."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
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


def assert_axe(page: Page) -> None:
    """Demand that axe finds no violation of WCAG 2.1 A and AA on the page as it is now."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    problems = [
        f"{one['id']}: {', '.join(str(node['target']) for node in one['nodes'][:5])}"
        for one in found["violations"]
    ]
    assert problems == [], problems


def assert_fits(page: Page) -> None:
    """Demand that nothing sticks out of the window sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{wide} px wider than the window"


FOCUSED = """
() => {
  const it = document.activeElement;
  if (!it || it === document.body) return null;
  window.walked = window.walked || [];
  // Tab goes from day to month to year within a date.
  if ((it.type || '').startsWith('date') && window.walked.at(-1) === it) return {is_within: true};
  const came_before = window.walked.includes(it);
  window.walked.push(it);
  const box = it.getBoundingClientRect(), look = getComputedStyle(it);
  const is_marked = [it, it.nextElementSibling, it.closest('label'), it.parentElement].some(one => {
    const style = one && getComputedStyle(one);
    return style && ((style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
      || style.boxShadow !== 'none');
  });
  return {
    came_before, is_marked,
    is_seen: box.width > 0 && box.height > 0 && look.visibility === 'visible',
    name: it.outerHTML.slice(0, 90),
  };
}
"""
TABS_MAX = 400


def assert_walked_by_keyboard(page: Page) -> None:
    """Demand that Tab leads through the page and out of it, and that one sees where one is."""
    faults: list[str] = []
    at: dict[str, Any] | None = None
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is not None and "is_within" in at:
            continue
        if at is None or at["came_before"]:
            break
        if not at["is_seen"]:
            faults.append(f"unseen: {at['name']}")
        elif not at["is_marked"]:
            faults.append(f"not marked: {at['name']}")
    else:
        faults.append("no way out")
    if at is not None:
        is_first = page.evaluate("window.walked[0] === document.activeElement")
        if not is_first:
            faults.append(f"a trap: {at['name']}")
    assert not faults, "; ".join(faults)


def shot(page: Page, name: str) -> None:
    """Take a picture of the whole page when KACANG_SHOTS names a folder for it."""
    folder = os.environ.get("KACANG_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        # Hiding the caret would write a style into the page, which its policy refuses.
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, caret="initial")
