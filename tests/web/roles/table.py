"""The reviewed table: every address of the console, and which roles may open it (I1).

A line of `table.txt` is an address and the letters of the preset roles that may open it; `-`
stands for none of them. Who adds an address adds its line: the test that misses it prints one to
paste, made from what the view demands. Read it first: is that who shall do this? What keys of
the API may call stands in `tests/web/api/test_keys.py`.
"""

from pathlib import Path

from kacang.merchants.permissions import Role, permissions_of
from tests.web.test_addresses import demanded, marks

LETTERS = {
    "O": Role.OWNER,
    "K": Role.STOCK_KEEPER,
    "R": Role.ORDER_OPERATOR,
    "S": Role.SALES,
    "C": Role.CUSTOMER_SERVICE,
    "W": Role.WAREHOUSE,
    "F": Role.FINANCE,
    "L": Role.CLERK,
}
FILE = Path(__file__).parent / "table.txt"


def reviewed() -> dict[str, frozenset[Role]]:
    """Who may open each address of the console, as it was reviewed."""
    lines = [line.split() for line in FILE.read_text().splitlines() if line[:1] not in ("", "#")]
    table = {
        address: frozenset(LETTERS[letter] for letter in letters if letter != "-")
        for address, letters in lines
    }
    assert len(table) == len(lines), "an address stands there twice"
    return table


def lines_of_views() -> dict[str, str]:
    """The line of each address, as its view's permissions would have it."""
    lines = {}
    for address, mark in marks("console/").items():
        if mark.startswith("needs:"):
            letters = [k for k, role in LETTERS.items() if demanded(mark) <= permissions_of(role)]
            lines[address] = f"{address:<62} {''.join(letters) or '-'}"
    return lines
