"""Who looks at the notices behind the bell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: a member, and the events whose notices they do not see.

    Without a uid it is somebody who does not work here: nothing is new to them, and nothing is
    marked.
    """

    member_uid: str
    hidden: frozenset[str] = frozenset()
