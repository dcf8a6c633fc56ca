"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from kacang.cli.folder import DEFAULT_DATA

Data = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder of the installation: database, keys, logs. Default: KACANG_DATA, or data "
        "beside the kacang script.",
        show_default=False,
    ),
]
DATA = DEFAULT_DATA
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
Merchant = Annotated[str, typer.Option("--merchant", help="The merchant's short name.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")]
Port = Annotated[int, typer.Option(min=1, max=65535)]
Workers = Annotated[int, typer.Option(min=1, help="Processes that answer requests.")]
