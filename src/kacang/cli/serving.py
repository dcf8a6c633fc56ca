"""What the web server's worker processes load."""

import os

from kacang.cli.lifeline import die_with_parent
from kacang.wsgi import application

__all__ = ["application"]

# A worker whose server was killed would keep the port and answer for nobody.
die_with_parent(os.getppid())
