"""What the web server's worker processes load."""

import os

from kacang.cli.lifeline import die_with_parent
from kacang.wsgi import application as pages

# isort: split
# Django is set up from here on.
from kacang.web.express.application import Express

application = Express(pages)

# A worker whose server was killed would keep the port and answer for nobody.
die_with_parent(os.getppid())
