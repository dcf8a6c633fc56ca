"""The frame of the console: who is here, where they may go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kacang.web.design.parts import Words


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the side navigation. `permission` "" is for everybody.

    `key` is the letter that leads there after G. `badge` is a count that waits there.
    """

    name: str
    label: Words
    icon: str
    url: str
    permission: str = ""
    key: str = ""
    badge: int = 0
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Entries under one heading; the first group has none."""

    items: Sequence[NavItem]
    label: Words = ""


@dataclass(frozen=True, slots=True)
class VisitBar:
    """The red bar above every page of who looks at the console as somebody else."""

    whom: Words
    until: datetime
    may_change: bool
    end_url: str


@dataclass(frozen=True, slots=True)
class Shell:
    """Everything that console/base.html shows around a page.

    A context processor puts one of these into the context as `shell`. `here` is the name of the
    entry that is open. `tabs` are the names of up to four entries for the bar on phones.
    """

    merchant_name: str
    person_name: str
    home_url: str
    groups: Sequence[NavGroup]
    merchant_line: Words = ""
    merchant_kind: str = "live"
    person_role: Words = ""
    here: str = ""
    tabs: Sequence[str] = ("home", "orders", "products", "vault")
    create: Sequence[NavItem] = ()
    # What the palette does besides leading to pages.
    commands: Sequence[NavItem] = ()
    account: Sequence[NavItem] = ()
    unread: int = 0
    notices_url: str = ""
    help_url: str = ""
    search_url: str = ""
    logout_url: str = ""
    shop_url: str = ""
    visit: VisitBar | None = None
    # Until when the person must have set a second factor up, and where.
    second_factor_by: datetime | None = None
    second_factor_url: str = ""
    # "system", "light", "dark": what the person chose.
    theme: str = "system"
    theme_url: str = ""

    @property
    def initial(self) -> str:
        """The letter in the person's disc."""
        return self.person_name[:1].upper() or "·"

    @property
    def tab_items(self) -> list[NavItem]:
        """The entries of the bar on phones, in the order of `tabs`."""
        known = {item.name: item for group in self.groups for item in group.items}
        return [known[name] for name in self.tabs if name in known]


def allowed(groups: Sequence[NavGroup], permissions: Collection[str]) -> list[NavGroup]:
    """Return the groups with only those entries that a person with `permissions` may open."""
    kept = []
    for group in groups:
        items = [
            item for item in group.items if not item.permission or item.permission in permissions
        ]
        if items:
            kept.append(replace(group, items=items))
    return kept
