"""From plain data to objects and back."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest

from unibatch.core.structuring import (
    StructureError,
    UnreadableValue,
    Wire,
    collect,
    from_unix_milliseconds,
    from_unix_seconds,
    instant_or_none,
    read,
    read_leniently,
    required,
    seconds,
    starting_time,
    structure,
    text_or_none,
    time_of_day,
    utc,
)
from unibatch.core.times import When


class Row(Wire):
    id: str
    count: int | None = None
    share: float | None = None
    is_open: bool | None = None
    at: datetime | None = None
    cost: Decimal | None = None
    words: list[str] | None = None
    extra: dict[str, Any] | None = None


class Rows(Wire):
    rows: list[Row]


@attrs.frozen
class Inner:
    size: int
    ratio: float = 1.0


@attrs.frozen
class Outer:
    name: str
    on: bool = False
    inner: Inner | None = None
    named: dict[str, Inner] = attrs.field(factory=dict)
    many: list[Inner] = attrs.field(factory=list)


def problem(content: bytes) -> tuple[str, str]:
    """Where and why a vendor's answer cannot be read."""
    with pytest.raises(StructureError) as caught:
        read(content, Rows)
    return caught.value.path, caught.value.reason


class TestReadingWhatVendorsSend:
    def test_unknown_and_missing_keys_are_nothing_special(self) -> None:
        row = read(b'{"rows": [{"id": "a", "new": {"deep": [1]}}]}', Rows).rows[0]
        assert (row.id, row.count) == ("a", None)

    def test_null_is_not_a_text(self) -> None:
        assert problem(b'{"rows": [{"id": null}]}') == ("$.rows[0].id", "Expected `str`, got `null`")

    @pytest.mark.parametrize(
        ("value", "path", "reason"),
        [
            (b'{"id": 1}', "$.rows[0].id", "Expected `str`, got `int`"),
            (b'{"id": "a", "count": "1"}', "$.rows[0].count", "Expected `int | null`, got `str`"),
            (b'{"id": "a", "count": 1.5}', "$.rows[0].count", "Expected `int | null`, got `float`"),
            (b'{"id": "a", "count": true}', "$.rows[0].count", "Expected `int | null`, got `bool`"),
            (b'{"id": "a", "share": "1.5"}', "$.rows[0].share", "Expected `float | null`, got `str`"),
            (b'{"id": "a", "is_open": "false"}', "$.rows[0].is_open", "Expected `bool | null`, got `str`"),
            (b'{"id": "a", "is_open": 0}', "$.rows[0].is_open", "Expected `bool | null`, got `int`"),
            (b'{"id": "a", "at": "yesterday"}', "$.rows[0].at", "Invalid RFC3339 encoded datetime"),
            (b'{"id": "a", "words": ["b", 1]}', "$.rows[0].words[1]", "Expected `str`, got `int`"),
            (b'{"id": "a", "extra": []}', "$.rows[0].extra", "Expected `object | null`, got `array`"),
            (b"{}", "$.rows[0].id", "missing"),
            (b"null", "$.rows[0]", "Expected `object`, got `null`"),
        ],
    )
    def test_no_type_is_taken_for_another(self, value: bytes, path: str, reason: str) -> None:
        assert problem(b'{"rows": [' + value + b"]}") == (path, reason)

    def test_an_integer_will_do_for_a_number(self) -> None:
        assert read(b'{"rows": [{"id": "a", "share": 2, "cost": 3}]}', Rows).rows[0].share == 2.0

    def test_money_is_exact(self) -> None:
        assert read(b'{"rows": [{"id": "a", "cost": 0.1}]}', Rows).rows[0].cost == Decimal("0.1")

    @pytest.mark.parametrize("content", [b"", b" ", b"\n"])
    def test_an_empty_body_is_named_so(self, content: bytes) -> None:
        assert problem(content) == ("$", "the body is empty")

    @pytest.mark.parametrize("content", [b"<html>", b'{"rows": [', b'{"rows": []} x', b'{"rows": [{"id": "\xff"}]}'])
    def test_what_is_not_json_is_wrong_as_a_whole(self, content: bytes) -> None:
        assert problem(content)[0] == "$"

    def test_bytes_that_are_not_utf8_are_refused_even_where_nobody_looks(self) -> None:
        assert problem(b'{"rows": [], "unknown": "\xff"}')[0] == "$"

    def test_what_is_nested_too_deep_is_refused(self) -> None:
        assert problem(b'{"rows": [{"id": "a", "extra": {"x": ' + b"[" * 100_000) == ("$", "nested too deep")


class TestReadingLeniently:
    def test_an_object_is_read(self) -> None:
        assert read_leniently(b'{"error": {"code": 1}}') == {"error": {"code": 1}}

    @pytest.mark.parametrize("content", [b"", b"[]", b"null", b"<html>", b"\xff", b"[" * 100_000, b'{"a": '])
    def test_anything_else_is_an_empty_one(self, content: bytes) -> None:
        assert read_leniently(content) == {}


class TestStructuringWhatUsersWrite:
    def test_data_become_objects(self) -> None:
        data = {"name": "a", "on": True, "inner": {"size": 1}, "named": {"x": {"size": 2, "ratio": 3}}}
        assert structure(data, Outer) == Outer("a", on=True, inner=Inner(1), named={"x": Inner(2, 3)})

    @pytest.mark.parametrize(
        ("data", "path", "reason"),
        [
            ({}, "$.name", "missing"),
            ({"name": None}, "$.name", "expected str, got NoneType"),
            ({"name": 1}, "$.name", "expected str, got int"),
            ({"name": "a", "on": "false"}, "$.on", "expected bool, got str"),
            ({"name": "a", "on": 0}, "$.on", "expected bool, got int"),
            ({"name": "a", "inner": {"size": "1"}}, "$.inner.size", "expected int, got str"),
            ({"name": "a", "inner": {"size": True}}, "$.inner.size", "expected int, got bool"),
            ({"name": "a", "inner": {"size": 1, "ratio": "1"}}, "$.inner.ratio", "expected float, got str"),
            ({"name": "a", "nam": "b"}, "$.nam", "unknown key"),
            ({"name": "a", "inner": {"size": 1, "sise": 2}}, "$.inner.sise", "unknown key"),
            ({"name": "a", "named": {"x": {}}}, "$.named.x.size", "missing"),
            ({"name": "a", "named": {"x": {"size": 1, "y": 2}}}, "$.named.x.y", "unknown key"),
            ({"name": "a", "many": [{"size": 1}, {"size": None}]}, "$.many[1].size", "expected int, got NoneType"),
        ],
    )
    def test_what_is_wrong_and_where(self, data: Mapping[str, Any], path: str, reason: str) -> None:
        with pytest.raises(StructureError) as caught:
            structure(data, Outer)
        assert (caught.value.path, caught.value.reason) == (path, reason)

    @pytest.mark.parametrize("data", [None, 1, "text", [], [1]])
    def test_what_is_no_table_is_refused(self, data: Any) -> None:
        with pytest.raises(StructureError):
            structure(data, Outer)

    @pytest.mark.parametrize("data", [{"name": "a", "inner": 1}, {"name": "a", "named": 1}, {"name": "a", "many": 1}])
    def test_what_is_no_table_inside_is_refused(self, data: Any) -> None:
        with pytest.raises(StructureError) as caught:
            structure(data, Outer)
        assert caught.value.path.startswith("$.")


class TestParts:
    @pytest.mark.parametrize("number", [1_772_700_000.25, 0, -1, 253_402_300_799])
    def test_unix_times_are_in_utc(self, number: float) -> None:
        expected = datetime.fromtimestamp(number, UTC)
        assert from_unix_seconds(number, "at") == from_unix_milliseconds(number * 1000, "at") == expected

    def test_no_unix_time_is_none(self) -> None:
        assert from_unix_seconds(None, "at") is from_unix_milliseconds(None, "at") is None

    @pytest.mark.parametrize("number", [253_402_300_800, 10**30, 10**400, -(10**12), 1e300])
    def test_a_unix_time_outside_of_the_years_is_refused(self, number: float) -> None:
        with pytest.raises(StructureError, match=r"^a time outside of the years 1 to 9999 at \$\.at$"):
            from_unix_seconds(number, "at")

    def test_a_time_without_an_offset_is_taken_for_utc(self) -> None:
        assert utc(datetime(2026, 3, 5, 9), "at") == datetime(2026, 3, 5, 9, tzinfo=UTC)  # noqa: DTZ001 - on purpose

    def test_a_time_with_an_offset_becomes_utc(self) -> None:
        india = timezone(timedelta(hours=5, minutes=30))
        moment = utc(datetime(2026, 3, 5, 9, tzinfo=india), "at")
        assert (moment, moment and moment.tzinfo) == (datetime(2026, 3, 5, 3, 30, tzinfo=UTC), UTC)

    def test_no_time_stays_none(self) -> None:
        assert utc(None, "at") is None

    @pytest.mark.parametrize("hours", [0, 1])
    def test_the_year_1_is_no_time(self, hours: int) -> None:
        assert utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=hours))), "at") is None

    def test_a_time_outside_of_the_calendar_is_unreadable(self) -> None:
        with pytest.raises(UnreadableValue) as caught:
            utc(datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-1))), "at")
        assert caught.value.path == "$.at"

    @pytest.mark.parametrize(("number", "duration"), [(None, None), (0, timedelta(0)), (1.5, timedelta(seconds=1.5))])
    def test_seconds_become_a_duration(self, number: float | None, duration: timedelta | None) -> None:
        assert seconds(number, "took") == duration

    @pytest.mark.parametrize("number", [1e300, -1e300, 10**15])
    def test_a_duration_that_is_too_long_is_refused(self, number: float) -> None:
        with pytest.raises(StructureError) as caught:
            seconds(number, "took")
        assert (caught.value.path, caught.value.reason) == ("$.took", "too large for a duration")

    @pytest.mark.parametrize(
        ("text", "expected"), [(None, None), ("", None), ("09:30", time(9, 30)), ("17:00:01", time(17, 0, 1))]
    )
    def test_a_time_of_day(self, text: str | None, expected: time | None) -> None:
        assert time_of_day(text) == expected

    @pytest.mark.parametrize("text", ["24:01", "25:00", "nine", "9"])
    def test_what_is_no_time_of_day_is_nothing(self, text: str) -> None:
        assert time_of_day(text) is None

    @pytest.mark.parametrize("text", [None, ""])
    def test_an_id_is_required(self, text: str | None) -> None:
        with pytest.raises(StructureError) as caught:
            required(text, "id")
        assert (caught.value.path, caught.value.reason) == ("$.id", "missing or empty")

    @pytest.mark.parametrize(("value", "text"), [("a", "a"), ("", None), (None, None), (1, None), (["a"], None)])
    def test_a_text_or_nothing(self, value: Any, text: str | None) -> None:
        assert text_or_none(value) == text

    @pytest.mark.parametrize("value", [None, 1, "", "soon", "2026-13-01", [], "0001-01-01T00:00:00+01:00"])
    def test_a_time_or_nothing(self, value: Any) -> None:
        assert instant_or_none(value) is None

    def test_a_time_is_read(self) -> None:
        assert instant_or_none("2026-03-05T09:00:00Z") == datetime(2026, 3, 5, 9, tzinfo=UTC)

    def test_an_error_in_a_row_names_the_row(self) -> None:
        with pytest.raises(StructureError) as caught:
            collect((required(text, "id") for text in ("a", "b", "")), "$.data")
        assert (caught.value.path, str(caught.value)) == ("$.data[2].id", "missing or empty at $.data[2].id")


SIXTEEN_THREADS = """
import sys, threading
from unibatch.provider_api import Wire, read

sys.setswitchinterval(1e-5)
classes = []
for n in range(300):
    inner = type(f"Inner{n}", (Wire,), {"__annotations__": {"a": str, "b": int}})
    classes.append(type(f"Row{n}", (Wire,), {"__annotations__": {"rows": list[inner]}}))
barrier = threading.Barrier(16)

def parse():
    barrier.wait()
    for cls in classes:
        read(b'{"rows": [{"a": "b", "b": 2}]}', cls)

threads = [threading.Thread(target=parse) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_that_read_for_the_first_time_at_the_same_moment_crash_nothing() -> None:
    """Without care, nine of ten such processes end in a segmentation fault."""
    for _ in range(2):
        subprocess.run([sys.executable, "-c", SIXTEEN_THREADS], check=True)


class TestStartingTimes:
    ASKED = When(datetime(2030, 1, 15, 14, 0, tzinfo=UTC), "America/New_York")

    @pytest.mark.parametrize(
        ("text", "zone", "means"),
        [
            ("2030-01-15T09:00:00", "America/New_York", "2030-01-15T14:00:00Z"),
            ("2030-07-15T09:00:00", "America/New_York", "2030-07-15T13:00:00Z"),
            ("2030-01-15T09:00:00Z", "America/New_York", "2030-01-15T09:00:00Z"),
            ("2030-01-15T09:00:00-08:00", "America/New_York", "2030-01-15T17:00:00Z"),
            ("2030-01-15T09:00:00", "Asia/Kolkata (IST, UTC+5:30)", "2030-01-15T03:30:00Z"),
            ("2030-01-15T09:00:00", "GMT-3", "2030-01-15T12:00:00Z"),
            ("2030-01-15T09:00:00", None, "2030-01-15T14:00:00Z"),  # what was asked for
            ("2030-01-15T14:00:00", None, "2030-01-15T14:00:00Z"),  # the same, in UTC
            ("2030-01-15T10:00:00", " ", "2030-01-15T10:00:00Z"),
            ("2030-01-15T10:00:00", "in Bielefeld", None),
            ("2030-01-15T10:00:00", "UTC+99", None),
            ("0001-01-01T00:00:00", "in Bielefeld", "no time"),
        ],
    )
    def test_a_time_without_an_offset_is_read_in_the_zone_beside_it(
        self, text: str, zone: str | None, means: str | None
    ) -> None:
        if means is None:
            with pytest.raises(UnreadableValue, match="time zone that is not known"):
                starting_time(datetime.fromisoformat(text), "at", zone, self.ASKED)
        else:
            expected = None if means == "no time" else datetime.fromisoformat(means)
            assert starting_time(datetime.fromisoformat(text), "at", zone, self.ASKED) == expected
