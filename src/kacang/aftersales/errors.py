"""Why something cannot be done with a case (X1)."""

from kacang.shared.errors import Conflict, Invalid, NotFound


class UnknownCase(NotFound):
    """There is no such case, or it is another order's."""

    code = "aftersales.unknown_case"


class UnknownEvidence(NotFound):
    """There is no such picture or video, or it is kept no longer."""

    code = "aftersales.unknown_file"


class UnknownReply(NotFound):
    """There is no such quick reply."""

    code = "aftersales.unknown_reply"


class TextMissing(Invalid):
    """What is said has 1 to 2,000 characters."""

    code = "aftersales.text_missing"


class BadCaseUnits(Invalid):
    """A case is about 1 to 200 units of its order that were not given back."""

    code = "aftersales.bad_units"


class BadStars(Invalid):
    """One to five stars."""

    code = "aftersales.bad_stars"


class BadReply(Invalid):
    """A quick reply has a title, a text, and only names that are known."""

    code = "aftersales.bad_reply"


class BadEvidence(Invalid):
    """A file is neither a picture nor a video that is taken, or is too large."""

    code = "aftersales.bad_file"


class NotWhatItSays(Invalid):
    """A file's content is something else than its name or sender says."""

    code = "aftersales.file_lies"


class TooMuchEvidence(Invalid):
    """A message brings more files than are taken."""

    code = "aftersales.too_many_files"


class NotObserved(Conflict):
    """The order is not paid, or the time in which cases can be opened is over."""

    code = "aftersales.not_observed"


class OpenAlready(Conflict):
    """One of the units has a case that is open."""

    code = "aftersales.open_already"


class TooManyCases(Conflict):
    """The order has had as many cases, or the case as many messages, as may be."""

    code = "aftersales.too_many"


class DecidedAlready(Conflict):
    """Somebody else has decided or closed the case meanwhile."""

    code = "aftersales.decided_already"


class NothingToDecide(Conflict):
    """The decision does not fit the units: no card, no goods, no money of theirs."""

    code = "aftersales.decision_unfit"
