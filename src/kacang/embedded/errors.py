"""What can be wrong with the embedded database, each said in one sentence."""


class EmbeddedProblem(Exception):
    """The embedded database cannot be used; the text is safe and meant for people."""


class ClusterBusy(EmbeddedProblem):
    """Another process runs this cluster."""


class ForeignFolder(EmbeddedProblem):
    """The folder holds something that is not ours to change."""


class OtherVersion(EmbeddedProblem):
    """The data were written by another major version of PostgreSQL."""


class NoSpace(EmbeddedProblem):
    """The disk is full, or too full to begin."""


class CannotStart(EmbeddedProblem):
    """PostgreSQL could not be prepared or did not come up."""


class NotRunning(EmbeddedProblem):
    """Nobody runs this cluster at the moment."""
