"""What a command refuses, each said in one sentence."""


class CommandProblem(Exception):
    """The command cannot be carried out; the text is for the person at the terminal."""


class Stopped(Exception):
    """Somebody asked us to end while we were still starting."""
