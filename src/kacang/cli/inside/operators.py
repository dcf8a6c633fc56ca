"""Who operates the installation, from the command line."""

from kacang.cli.inside.actor import operator as at_terminal
from kacang.merchants.operations import operator
from kacang.merchants.operations.operator import NewOperator
from kacang.merchants.queries.operator import OperatorInfo, operators


def add(*, email: str, name: str) -> NewOperator:
    """Make somebody an operator."""
    return operator.add_operator(email=email, name=name, actor=at_terminal())


def remove(*, email: str) -> None:
    """Take it from somebody."""
    operator.remove_operator(email=email, actor=at_terminal())


def everybody() -> list[OperatorInfo]:
    """Return who operates."""
    return operators()
