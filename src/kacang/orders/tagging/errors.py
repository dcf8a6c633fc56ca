"""What can be wrong with tags."""

from kacang.shared.errors import Conflict, Invalid, NotFound


class UnknownTag(NotFound):
    """This merchant has no such tag."""

    code = "orders.unknown_tag"


class BadTag(Invalid):
    """A tag needs a short name and one of the colours."""

    code = "orders.bad_tag"


class TagTaken(Conflict):
    """There is a tag of this name."""

    code = "orders.tag_taken"


class TooManyTags(Conflict):
    """The merchant's list of tags is full."""

    code = "orders.too_many_tags"
