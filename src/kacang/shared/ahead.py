"""Items that are made while the ones before them are being used."""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def one_ahead(items: Iterable[Item]) -> Generator[Item, None, None]:
    """Yield the items; each is made by a thread while its forerunner is being used.

    Worth it where the user waits for something else meanwhile, as for the database. Making must
    not use the database itself: the thread has no transaction. What it raises is raised here.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as maker:
        source = iter(items)
        coming = maker.submit(_next, source)
        while made := coming.result():
            coming = maker.submit(_next, source)
            yield made.pop()


def _next(source: Iterator[Item]) -> list[Item]:
    """Return the next item, in a list that is empty when there is none."""
    return list(islice(source, 1))
