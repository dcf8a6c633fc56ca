"""The embedded PostgreSQL: for trying, for tests, and for small shops on one machine."""

from kacang.embedded.cluster import EmbeddedCluster, throw_away
from kacang.embedded.errors import (
    CannotStart,
    ClusterBusy,
    EmbeddedProblem,
    ForeignFolder,
    NoSpace,
    NotRunning,
    OtherVersion,
)
from kacang.embedded.roles import APP, BACKUP, DATABASE, OWNER, SUPERUSER

__all__ = [
    "APP", "BACKUP", "DATABASE", "OWNER", "SUPERUSER",
    "CannotStart", "ClusterBusy", "EmbeddedCluster", "EmbeddedProblem", "ForeignFolder",
    "NoSpace", "NotRunning", "OtherVersion", "throw_away",
]  # fmt: skip
