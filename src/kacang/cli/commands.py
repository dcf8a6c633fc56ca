"""All commands of the installation, gathered."""

import typer

from kacang.cli import (
    cards,
    diagnosis,
    master,
    moving,
    operators,
    purchasing,
    running,
    shares,
    shops,
    trade,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    running.register(app)
    diagnosis.register(app)
    shops.register(app)
    operators.register(app)
    shares.register(app)
    trade.register(app)
    cards.register(app)
    purchasing.register(app)
    master.register(app)
    moving.register(app)
