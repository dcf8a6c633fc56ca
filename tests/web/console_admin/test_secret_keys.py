"""V4 at the desk: the keys of card secrets."""

import pytest

from kacang import jobs
from kacang.merchants import keys
from kacang.outbox import queries, rotating

PAGE = "/console/settings/keys/"


class TestKeys:
    def test_a_change_is_started_seen_and_told(self, owner, merchant, log):
        assert (
            'href="/console/settings/keys/"'
            in owner.client.get("/console/settings/").content.decode()
        )
        started = owner.client.post(f"{PAGE}rotate/", {"reason": "somebody left"}, follow=True)

        assert 'class="job' in started.content.decode()
        assert 'data-open="rotate"' not in started.content.decode()
        (entry,) = log(action="secrets.rotate")
        assert (entry.actor_label, entry.reason) == (owner.email, "somebody left")
        (work,) = queries.works(merchant_id=merchant, kinds=(rotating.KIND,))
        rotating.run_rotation(merchant_id=merchant, work_uid=work.uid, tables=jobs.SEALED)

        page = owner.client.get(PAGE).content.decode()
        newest, old = keys.data_keys(merchant_id=merchant)
        assert f"#{newest.number}" in page
        assert f"#{old.number}" in page
        assert "Nothing under it any more" in page
        assert f"/console/works/{work.uid}/" in page
        assert owner.client.get(f"/console/works/{work.uid}/").status_code == 200

    def test_needs_a_reason(self, owner, merchant):
        answer = owner.client.post(f"{PAGE}rotate/", {"reason": " "}, follow=True)
        assert "Please say why." in answer.content.decode()
        assert queries.works(merchant_id=merchant, kinds=(rotating.KIND,)) == []

    @pytest.mark.parametrize("role", ["stock_keeper", "finance", "customer_service"])
    def test_is_the_owners(self, hire, merchant, role):
        worker = hire(role)
        assert worker.client.get(PAGE).status_code == 403
        assert worker.client.post(f"{PAGE}rotate/", {"reason": "x"}).status_code == 403
        assert queries.works(merchant_id=merchant, kinds=(rotating.KIND,)) == []
