"""V1: exactly so many codes, none twice."""

import pytest
from django.db import connection

from kacang.merchants import keys
from kacang.merchants.tenancy import acting_as
from kacang.outbox.queries import WorkState
from kacang.shared.ciphers import key_number_of
from kacang.vault import operations
from kacang.vault.making import generating, patterns
from kacang.vault.models import Batch, Card
from tests.vault.conftest import ACTOR


class TestGenerate:
    def test_makes_exactly_so_many_and_none_twice(self, merchant, make):
        sku = make.sku()

        work = make.generated(sku, 2500, "XXXX-XXXX-####@")

        assert work.state == WorkState.DONE
        codes = [card.secret for card in make.opened(work.result["batch"])]
        assert len(set(codes)) == len(codes) == 2500
        assert all(patterns.has_right_check(code) for code in codes)
        assert make.level(sku).available == 2500

    def test_makes_up_for_codes_that_the_vault_has(self, merchant, make, monkeypatch):
        sku = make.sku()
        make.imported(sku, [f"C{number:03}" for number in range(0, 1000, 2)])
        monkeypatch.setattr(generating, "check_strength", lambda *args, **values: None)

        work = make.generated(sku, 480, "C###")

        codes = {card.secret for card in make.opened(work.result["batch"])}
        assert len(codes) == 480
        assert all(int(code[1:]) % 2 for code in codes)

    def test_seals_again_what_was_sealed_before_a_new_key_was_seen(self, merchant, make):
        """Another process made the key: this one still remembers the old one (V4)."""
        sku = make.sku()
        keys.cipher_for(merchant)
        remembered = keys._cache[merchant]
        with acting_as(merchant):
            number = keys.add_key(merchant_id=merchant)
        keys._cache[merchant] = remembered

        work = make.generated(sku, 3, "X{16}")

        with acting_as(merchant):
            batch = Batch.objects.get(merchant_id=merchant, uid=work.result["batch"])
            cards = Card.objects.filter(merchant_id=merchant, batch_id=batch.pk)
            assert {key_number_of(bytes(card.secret)) for card in cards} == {number}
        assert len(make.opened(work.result["batch"])) == 3

    def test_makes_numbers_and_passwords(self, merchant, make):
        work = make.generated(make.sku(), 50, "#{6}", number_pattern="KC########")

        cards = make.opened(work.result["batch"])
        assert len({card.number for card in cards}) == 50
        assert all(len(card.secret) == 6 and card.number.startswith("KC") for card in cards)

    @pytest.mark.parametrize(
        ("count", "values", "error"),
        [
            (0, {"pattern": "X{16}"}, operations.BadCount),
            (1_000_001, {"pattern": "X{16}"}, operations.BadCount),
            (1000, {"pattern": "#{8}"}, operations.WeakPattern),
            (10, {"pattern": "X{"}, operations.BadPattern),
            (100, {"pattern": "#{6}", "number_pattern": "##"}, operations.BadCount),
        ],
    )
    def test_refuses_what_is_weak_or_impossible(self, merchant, make, count, values, error):
        sku = make.sku()

        with pytest.raises(error):
            operations.generate_cards(
                merchant_id=merchant,
                actor=ACTOR,
                request=operations.GenerateRequest(sku_uid=sku, count=count, **values),
            )

        assert make.level(sku).total == 0
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from procrastinate_jobs where task_name = 'vault.run_generate'"
                " and (args->>'merchant_id')::bigint = %s::bigint",
                [merchant],
            )
            assert cursor.fetchone() == (0,)
