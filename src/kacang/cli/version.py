"""Which Kacang this is."""

from importlib.metadata import version

VERSION = version("kacang")
