"""The examination of an installation: one function per thing that can be wrong."""

from kacang.cli.doctor.examination import examine
from kacang.cli.doctor.findings import Finding, Level

__all__ = ["Finding", "Level", "examine"]
