"""What others may do with cases. Each is one use case and one transaction."""

from kacang.aftersales.contacts import show_contact
from kacang.aftersales.deciding import decide
from kacang.aftersales.ending import close, rate, reopen
from kacang.aftersales.evidence import judge as judge_evidence
from kacang.aftersales.evidence import read as read_evidence
from kacang.aftersales.looking_after import look_after
from kacang.aftersales.opening import open_case
from kacang.aftersales.replies import delete_reply, save_reply
from kacang.aftersales.talking import answer, ask_person, take, write

__all__ = [
    "answer", "ask_person", "close", "decide", "delete_reply", "judge_evidence", "look_after",
    "open_case", "rate", "read_evidence", "reopen", "save_reply", "show_contact", "take", "write",
]  # fmt: skip
