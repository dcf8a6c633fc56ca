"""The port's one contract test: what every sender of text messages must do, whoever brings it.

A class of tests for a company inherits from `SmsContract` and gives a fixture `company`.
"""

from dataclasses import replace
from typing import Protocol

import pytest

from kacang.messages.ports import PORT_VERSION, NotSent, SmsSender, TextMessage

MESSAGE = TextMessage(
    reference="msg_8fK2qLw93",
    phone="+8613826042716",
    event="staff.low_stock",
    language="zh-Hans",
    sender="小鹿数卡",
    text="年卡库存不足。剩余 3 件，预警线 5 件。",
    values={"title": "年卡", "left": "3", "threshold": "5"},
)


class Company(Protocol):
    """A company and its adapter, as the contract wants to play with them."""

    sender: SmsSender

    def arrived(self) -> list[tuple[str, str]]:
        """What reached phones: number and text."""
        ...

    def be_busy(self) -> None:
        """From now on it takes nothing, for a while."""
        ...

    def vanish(self) -> None:
        """From now on nobody listens there."""
        ...


class SmsContract:
    """What every sender must do."""

    def test_is_of_the_ports_version(self, company):
        assert company.sender.port_version == PORT_VERSION
        assert company.sender.name

    def test_words_arrive_as_they_are(self, company):
        company.sender.send(MESSAGE)

        assert company.arrived() == [(MESSAGE.phone, MESSAGE.text)]

    def test_the_same_again_reaches_the_phone_once(self, company):
        for _ in range(3):
            company.sender.send(MESSAGE)

        assert len(company.arrived()) == 1

    def test_a_number_that_is_none_is_refused_for_good(self, company):
        with pytest.raises(NotSent) as refused:
            company.sender.send(replace(MESSAGE, phone="+0"))

        assert refused.value.is_final
        assert refused.value.reason
        assert company.arrived() == []

    def test_who_is_busy_is_asked_again(self, company):
        company.be_busy()

        with pytest.raises(NotSent) as refused:
            company.sender.send(MESSAGE)

        assert not refused.value.is_final

    def test_who_is_not_there_is_asked_again(self, company):
        company.vanish()

        with pytest.raises(NotSent) as refused:
            company.sender.send(MESSAGE)

        assert not refused.value.is_final
