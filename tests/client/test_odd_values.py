"""Answers in which a value cannot be read: only an id or a status may refuse them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.bothways import ONE_CLIENT, VENDORS, Connect
from tests.client.replies import CAMPAIGN, CONTACT, Replies, Reply, one, page
from unibatch import IncompleteListing, NotFound, to_dict

ID = {"truedy": "contact_id", "techladder": "call_id", "talkifai": "id"}
SECOND_PAGE = {"truedy": "offset=1", "techladder": "page=2", "talkifai": "contactsPage=2"}
TIME = {"truedy": "called_at", "techladder": "started_at", "talkifai": "lastAttemptAt"}
ATTRIBUTE = {"truedy": "last_attempt_at", "techladder": "started_at", "talkifai": "last_attempt_at"}
CUSTOM = {"truedy": "custom_fields", "techladder": "metadata", "talkifai": "contactData"}
TEXT = {"truedy": "email", "techladder": "name", "talkifai": "failureReason"}
ROWS = {"truedy": "$.data[]", "techladder": "$.data.items[]", "talkifai": "$.contacts[]"}


def listed(connect: Connect, vendor: str, key: str, value: str | bytes) -> Any:
    """The listing of two contacts, the second of which has a value as it is spelt here, and its contacts."""
    good = CONTACT[vendor]
    body = json.dumps(page(vendor, good, {**good, ID[vendor]: "second", key: "@"})).encode()
    spelt = value if isinstance(value, bytes) else value.encode()
    listing = connect(vendor, answer=Replies(Reply(body=body.replace(b'"@"', spelt)))).list_contacts("c-1")
    return listing, list(listing)


UNREADABLE_TIMES = ["5", "1768471200", "true", "[]", "{}", '"soon"', '"2026-02-30T10:00:00Z"', '"2026-01-15"']
UNREADABLE_TIMES += ['"9999-12-31T23:59:59-05:00"', '"2026-01-15T24:01:00Z"', '"2026-01-15T10:00:60Z"', "NaN", "1e999"]
UNREADABLE_TIMES += ["-Infinity", "9" * 5000, '"\\ud83d"']


@ONE_CLIENT
@pytest.mark.parametrize("vendor", VENDORS)
class TestContacts:
    @pytest.mark.parametrize("value", UNREADABLE_TIMES, ids=lambda value: value[:30])
    def test_a_time_that_cannot_be_read_is_none_and_counted(self, connect: Connect, vendor: str, value: str) -> None:
        listing, contacts = listed(connect, vendor, TIME[vendor], value)
        assert [getattr(contact, ATTRIBUTE[vendor]) for contact in contacts] == [None, None]
        assert listing.report.complete
        assert listing.report.unread == {f"{ROWS[vendor]}.{TIME[vendor]}": 1}
        assert TIME[vendor] in contacts[1].raw

    @pytest.mark.parametrize("value", ['""', '" "', '"0001-01-01T00:00:00Z"', '"0001-01-01T00:00:00+02:00"', "null"])
    def test_no_time_is_none_and_not_counted(self, connect: Connect, vendor: str, value: str) -> None:
        listing, contacts = listed(connect, vendor, TIME[vendor], value)
        assert (getattr(contacts[1], ATTRIBUTE[vendor]), listing.report.unread) == (None, {})

    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("2026-01-15T10:00Z", datetime(2026, 1, 15, 10, tzinfo=UTC)),
            ("2026-01-15T10:00", datetime(2026, 1, 15, 10, tzinfo=UTC)),
            ("2026-01-15 10:00:00+00", datetime(2026, 1, 15, 10, tzinfo=UTC)),
            ("2026-01-15T15:30:00+0530", datetime(2026, 1, 15, 10, tzinfo=UTC)),
            ("2026-01-15T10:00:00,5Z", datetime(2026, 1, 15, 10, 0, 0, 500_000, tzinfo=UTC)),
            ("20260115T100000Z", datetime(2026, 1, 15, 10, tzinfo=UTC)),
            ("2026-W03-4T10:00:00Z", datetime(2026, 1, 15, 10, tzinfo=UTC)),
            ("2026-01-15T24:00:00Z", datetime(2026, 1, 16, tzinfo=UTC)),
            ("2026-12-31T24:00-05:00", datetime(2027, 1, 1, 5, tzinfo=UTC)),
            ("20260115T240000Z", datetime(2026, 1, 16, tzinfo=UTC)),
            ("2026-01-15T23:59:60Z", datetime(2026, 1, 16, tzinfo=UTC)),
            ("20260115T235960.5Z", datetime(2026, 1, 16, 0, 0, 0, 500_000, tzinfo=UTC)),
        ],
    )
    def test_a_time_is_read_where_it_is_plain(self, connect: Connect, vendor: str, text: str, meant: datetime) -> None:
        listing, contacts = listed(connect, vendor, TIME[vendor], json.dumps(text))
        assert (getattr(contacts[1], ATTRIBUTE[vendor]), listing.report.unread) == (meant, {})

    @pytest.mark.parametrize("value", [b'"Ada \\ud83d"', b'"J\xfcrgen"', b"5", b"false", b"[]", b"{}", b"NaN"])
    def test_a_text_that_cannot_be_read_is_none_and_counted(self, connect: Connect, vendor: str, value: bytes) -> None:
        listing, contacts = listed(connect, vendor, TEXT[vendor], value)
        assert contacts[1].email is contacts[1].name is contacts[1].failure_reason is None
        assert listing.report.unread == {f"{ROWS[vendor]}.{TEXT[vendor]}": 1}
        assert contacts[1].raw[TEXT[vendor]] is not None
        json.dumps(to_dict(contacts[1]))

    @pytest.mark.parametrize("value", ["[]", '"x"', "5", "[" * 100_000 + "]" * 100_000], ids=lambda value: value[:5])
    def test_custom_data_of_another_type_are_empty_and_counted(self, connect: Connect, vendor: str, value: str) -> None:
        listing, contacts = listed(connect, vendor, CUSTOM[vendor], value)
        assert (len(contacts), dict(contacts[1].fields)) == (2, {})
        assert listing.report.unread == {f"{ROWS[vendor]}.{CUSTOM[vendor]}": 1}

    def test_what_is_nested_too_deep_does_not_hide_what_is_beside_it(self, connect: Connect, vendor: str) -> None:
        deep = '{"plan": "gold", "x": ' + "[" * 100_000 + "]" * 100_000 + "}"
        _, contacts = listed(connect, vendor, CUSTOM[vendor], deep)
        assert contacts[1].fields["plan"] == "gold"
        json.dumps(to_dict(contacts[1]))

    def test_what_is_nested_too_deep_where_nobody_looks_does_no_harm(self, connect: Connect, vendor: str) -> None:
        listing, contacts = listed(connect, vendor, "news", '{"a":' * 100_000 + "1" + "}" * 100_000)
        assert (len(contacts), listing.report.unread) == (2, {})

    def test_custom_data_may_hold_half_a_character(self, connect: Connect, vendor: str) -> None:
        listing, contacts = listed(connect, vendor, CUSTOM[vendor], '{"plan": "\\ud83d"}')
        assert (contacts[1].fields["plan"], listing.report.unread) == ("\ud83d", {})

    def test_a_byte_order_mark_is_passed_over(self, connect: Connect, vendor: str) -> None:
        body = b"\xef\xbb\xbf" + json.dumps(page(vendor, CONTACT[vendor])).encode()
        assert len(list(connect(vendor, answer=Replies(Reply(body=body))).list_contacts("c-1"))) == 1

    def test_it_is_logged_once_a_listing(self, connect: Connect, vendor: str, caplog: pytest.LogCaptureFixture) -> None:
        good = CONTACT[vendor]
        bad = [
            page(vendor, {**good, ID[vendor]: str(n), TIME[vendor]: "soon"}, total=2, has_more=n == 0) for n in (0, 1)
        ]
        client = connect(vendor, answer=Replies(*(Reply(body=body) for body in bad)))
        listing = client.list_contacts("c-1")
        list(listing)
        assert listing.report.unread == {f"{ROWS[vendor]}.{TIME[vendor]}": 2}
        (record,) = caplog.records
        assert record.getMessage().startswith(f"{vendor} list_contacts: some values cannot be read")


def paged(vendor: str, total: Any, has_more: Any, rows: Any = ...) -> dict[str, Any]:
    """A page of one contact, with these words about the others."""
    body: Any = page(vendor, CONTACT[vendor])
    at = {"truedy": body.get("pagination"), "techladder": body.get("data"), "talkifai": body}[vendor]
    at[{"talkifai": "contactsTotal"}.get(vendor, "total")] = total
    at[{"talkifai": "contactsHasMore"}.get(vendor, "has_more")] = has_more
    if rows is not ...:
        holder = body["data"] if vendor == "techladder" else body
        holder[{"truedy": "data", "techladder": "items", "talkifai": "contacts"}[vendor]] = rows
    return body  # type: ignore[no-any-return]  # JSON


@ONE_CLIENT
@pytest.mark.parametrize("vendor", VENDORS)
class TestPages:
    @pytest.mark.parametrize(
        ("said", "expected", "unread"),
        [((-1, False), None, 0), (("1", False), None, 1), ((1.0, False), 1, 0), ((1, "false"), 1, 1), ((1, 0), 1, 1)],
    )
    def test_what_a_page_says_about_the_others(
        self, connect: Connect, vendor: str, said: tuple[Any, Any], expected: int | None, unread: int
    ) -> None:
        listing = connect(vendor, answer=Replies(Reply(body=paged(vendor, *said)))).list_contacts("c-1")
        assert len(list(listing)) == 1
        report = listing.report
        assert (report.complete, report.requests, report.expected_total) == (True, 1, expected)
        assert sum(report.unread.values()) == unread

    @pytest.mark.parametrize("total", [0, 0.0])
    def test_null_beside_a_total_of_0_is_an_empty_listing(self, connect: Connect, vendor: str, total: Any) -> None:
        body = paged(vendor, total, has_more=False, rows=None)
        listing = connect(vendor, answer=Replies(Reply(body=body))).list_contacts("c-1")
        assert (list(listing), listing.report.complete) == ([], True)

    def test_no_page_behind_the_last_one_is_the_end(self, connect: Connect, vendor: str) -> None:
        replies = Replies(Reply(body=paged(vendor, 1, has_more=True)), Reply(404, {"detail": "Invalid page."}))
        listing = connect(vendor, answer=replies).list_contacts("c-1")
        assert (len(list(listing)), listing.report.complete) == (1, True)

    @pytest.mark.parametrize("total", [2, None])
    def test_no_page_before_all_have_come_is_an_error(self, connect: Connect, vendor: str, total: int | None) -> None:
        replies = Replies(Reply(body=paged(vendor, total, has_more=True)), Reply(404, {}))
        with pytest.raises(NotFound) as caught:
            list(connect(vendor, answer=replies).list_contacts("c-1"))
        assert caught.value.page == SECOND_PAGE[vendor]
        assert f"the page with {SECOND_PAGE[vendor]} is not there, although rows are still missing" in str(caught.value)
        assert "in this account" not in str(caught.value)

    def test_no_first_page_is_no_campaign(self, connect: Connect, vendor: str) -> None:
        with pytest.raises(NotFound, match="not found in this account") as caught:
            list(connect(vendor, answer=Replies(Reply(404, {}))).list_contacts("c-1"))
        assert caught.value.page is None

    def test_an_empty_page_in_the_middle_is_passed_over(self, connect: Connect, vendor: str) -> None:
        good = CONTACT[vendor]
        last = page(vendor, {**good, ID[vendor]: "second"}, total=2)
        empty = page(vendor, total=2, has_more=True)
        replies = Replies(*(Reply(body=body) for body in (page(vendor, good, total=2, has_more=True), empty, last)))
        listing = connect(vendor, answer=replies).list_contacts("c-1")
        assert (len(list(listing)), listing.report.complete) == (2, True)

    def test_empty_pages_do_not_go_on_for_ever(self, connect: Connect, vendor: str) -> None:
        replies = Replies(Reply(body=page(vendor, total=2, has_more=True)))
        with pytest.raises(IncompleteListing) as caught:
            list(connect(vendor, answer=replies).list_contacts("c-1"))
        assert caught.value.report.requests == 8


COUNT = {"truedy": "total_contacts", "techladder": "total_contacts", "talkifai": "totalContacts"}


@ONE_CLIENT
@pytest.mark.parametrize("vendor", VENDORS)
class TestCampaigns:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [("250.0", 250), ("1e2", 100), ("250.5", None), ('"250"', None), ("true", None), ("9" * 5000, None)],
        ids=lambda value: str(value)[:9],
    )
    def test_a_whole_number_is_read_where_it_is_plain(
        self, connect: Connect, vendor: str, value: str, expected: int | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        body = json.dumps(one(vendor, {**CAMPAIGN[vendor], COUNT[vendor]: "@"})).replace('"@"', value)
        client = connect(vendor, answer=Replies(Reply(body=body)))
        assert [client.get_campaign("c-1").counts.total for _ in range(2)] == [expected, expected]
        path = f"$.{COUNT[vendor]}" if vendor == "talkifai" else f"$.data.{COUNT[vendor]}"
        named = [] if expected else [f"{vendor}: {path} cannot be read and is left out; the value is kept in raw"]
        assert [record.getMessage() for record in caplog.records] == named

    def test_odd_values_of_one_campaign_do_not_hide_the_others(self, connect: Connect, vendor: str) -> None:
        good = CAMPAIGN[vendor]
        identity = "schedule_id" if vendor == "techladder" else "id"
        rows = [good, {**good, identity: "second", COUNT[vendor]: "many", "agent_id": 5, "agentId": 5}]
        bodies = {
            "truedy": {"data": rows, "pagination": {"total": 2, "has_more": False}},
            "techladder": {"data": {"items": rows, "total": 2, "has_more": False}},
            "talkifai": {"batchJobs": rows, "total": 2},
        }
        listing = connect(vendor, answer=Replies(Reply(body=bodies[vendor]))).list_campaigns()
        campaigns = list(listing)
        assert (campaigns[1].agent_id, campaigns[1].counts.total) == (None, None)
        assert sum(listing.report.unread.values()) == 2


@ONE_CLIENT
def test_a_bad_count_of_one_status_does_not_hide_the_others(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    job = {**CAMPAIGN["talkifai"], "statusBreakdown": {"pending": None, "busy": "3", "no_answer": 2.0, "completed": 1}}
    counts = connect("talkifai", answer=Replies(Reply(body=job))).get_campaign("c-1").counts
    assert dict(counts.by_status) == {"no_answer": 2, "completed": 1}
    assert "$.statusBreakdown.busy" in caplog.text


@ONE_CLIENT
def test_a_page_of_odd_values_is_read_in_reasonable_time(connect: Connect) -> None:
    rows = [{**CONTACT["talkifai"], "id": str(n), "callDuration": 1e300, "completedAt": "soon"} for n in range(500)]
    listing = connect("talkifai", answer=Replies(Reply(body=page("talkifai", *rows)))).list_contacts("c-1")
    assert {contact.duration for contact in listing} == {None}
    assert listing.report.unread == {"$.contacts[].callDuration": 500, "$.contacts[].completedAt": 500}
