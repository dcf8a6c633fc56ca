"""What others may do about shares in sales."""

from kacang.payouts.agreeing import (
    MILLION,
    AgreedAlready,
    BadTerms,
    RecordedAlready,
    ReferenceMissing,
    Terms,
    TooMuch,
    UnknownAgreement,
    UnknownStatement,
    agree,
    end_agreement,
    record_payout,
)
from kacang.payouts.statements import issue_due

__all__ = [
    "MILLION",
    "AgreedAlready",
    "BadTerms",
    "RecordedAlready",
    "ReferenceMissing",
    "Terms",
    "TooMuch",
    "UnknownAgreement",
    "UnknownStatement",
    "agree",
    "end_agreement",
    "issue_due",
    "record_payout",
]
