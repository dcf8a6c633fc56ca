"""What the rooms refuse, as one sentence at the terminal."""

from kacang.shared.errors import DomainError


def sentence(problem: DomainError) -> str:
    """Say what was refused, with its stable code and what may be shown of it."""
    said = (type(problem).__doc__ or "This was refused.").strip().splitlines()[0].rstrip(".")
    detail = "".join(f", {name} {value}" for name, value in problem.detail.items())
    return f"{said} ({problem.code}{detail})."
