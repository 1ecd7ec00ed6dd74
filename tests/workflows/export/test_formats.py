"""What is in the file: canonical columns with types, custom data that comes back as it was, cells that stay text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workflows.export.conftest import FORMATS
from tests.workflows.test_read_contacts import drafts, some_json
from unibatch import CallStatus, Contact, ContactDraft, InvalidInput, read_contacts
from unibatch.core.columns import COLUMNS, VERSION
from unibatch.core.paging import Page
from unibatch.core.raw import NoNumber
from unibatch.workflows.export.formats import FORMATS as WRITERS
from unibatch.workflows.export.spool import Spool
from unibatch.workflows.export.table import MOST_FIELDS, CustomData, Fields, Table

CONTACT = Contact(
    id="ctc_1",
    provider="truedy",
    campaign_id="batch_1",
    phone_number="+12125550123",
    phone_valid=True,
    name="Ann Lee",
    external_id="10001",
    status=CallStatus.COMPLETED,
    vendor_status="completed",
    is_final=True,
    attempts=2,
    started_at=datetime(2026, 3, 5, 9, 15, tzinfo=UTC),
    duration=timedelta(seconds=61.5),
    fields={"plan": "pro"},
)
BY_NAME = {column.name: place for place, column in enumerate(COLUMNS)}


def written(
    folder: Path, form: str, contacts: Iterable[Contact], *, fields: Fields = "columns", excel: bool = False
) -> Path:
    """A file of contacts, made as `unibatch.export` makes it."""
    custom = CustomData(fields)
    spool = Spool(folder / "spool", [["truedy", "url", "batch_1"]], custom, resume=False)
    page: Page[Contact] = Page(items=list(contacts))
    path = folder / f"all.{form}"
    with closing(spool), path.open("w+b") as file:
        spool.add(0, page, page.items)
        table = Table(
            pages=spool.pages,
            rows=len(spool),
            fields=fields,
            names=sorted(custom.names),
            has_others=custom.has_others,
            is_complete=True,
            excel=excel,
        )
        WRITERS[form].write(table, file, lambda _: None)
    return path


def contact_of(draft: ContactDraft) -> Contact:
    given = {name: getattr(draft, name) for name in ("phone_number", "name", "first_name", "last_name", "email")}
    return attrs.evolve(CONTACT, **given, external_id=draft.external_id, fields=dict(draft.fields))


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


class TestColumns:
    def test_these_are_the_columns_of_this_version(self) -> None:
        """If this changes, so does `VERSION`, and docs/export.md."""
        assert VERSION == 1
        assert {
            kind: " ".join(c.name for c in COLUMNS if c.kind == kind) for kind in sorted({c.kind for c in COLUMNS})
        } == {
            "boolean": "phone_valid is_final",
            "integer": "attempts max_attempts sip_code",
            "number": "duration",
            "text": "provider campaign_id id phone_number name first_name last_name email external_id status "
            "vendor_status call_id failure_reason end_reason",
            "time": "last_attempt_at next_attempt_at started_at ended_at",
        }

    def test_no_attribute_of_a_contact_is_left_out(self) -> None:
        assert {*BY_NAME, "fields", "raw"} == {field.alias for field in attrs.fields(Contact)}

    def test_values_have_their_types_where_the_format_has_types(self, tmp_path: Path) -> None:
        table = pq.read_table(written(tmp_path, "parquet", [CONTACT]))
        (row,) = table.to_pylist()
        cells = next(openpyxl.load_workbook(written(tmp_path, "xlsx", [CONTACT]))["contacts"].iter_rows(min_row=2))
        in_workbook = {column.name: cell.value for column, cell in zip(COLUMNS, cells, strict=False)}
        (line,) = written(tmp_path, "jsonl", [CONTACT]).read_text(encoding="utf-8").splitlines()

        assert table.schema.field("started_at").type == pa.timestamp("us", tz="UTC")
        assert (row["started_at"], row["duration"], row["attempts"]) == (CONTACT.started_at, 61.5, 2)
        assert in_workbook["started_at"] == datetime(2026, 3, 5, 9, 15)  # noqa: DTZ001 - a workbook has no zones
        assert (in_workbook["phone_number"], in_workbook["is_final"]) == ("+12125550123", True)
        assert json.loads(line)["started_at"] == "2026-03-05T09:15:00Z"

    def test_csv_is_that_of_rfc_4180(self, tmp_path: Path) -> None:
        odd = attrs.evolve(CONTACT, name='Lee, "Ann"\nMrs', fields={})
        data = written(tmp_path, "csv", [odd]).read_bytes()

        assert data.endswith(b"\r\n")
        assert not data.startswith(b"\xef\xbb\xbf")
        assert b'"Lee, ""Ann""\nMrs"' in data


class TestCustomData:
    @pytest.mark.parametrize("fields", ["columns", "json"])
    @pytest.mark.parametrize("form", FORMATS)
    @settings(
        deadline=None,
        max_examples=25,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(given=drafts(some_json), excel=st.booleans())
    def test_any_custom_data_comes_back_as_it_was(
        self, tmp_path: Path, form: str, fields: Fields, given: list[ContactDraft], *, excel: bool
    ) -> None:
        path = written(tmp_path, form, map(contact_of, given), fields=fields, excel=excel and form == "csv")
        expected = json.loads(json.dumps([dict(draft.fields) for draft in given]).replace("\\u0000", "\\ufffd"))
        back = read_contacts(path)

        assert [dict(contact.fields) for contact in back.contacts] == expected
        assert [attrs.evolve(contact, fields={}) for contact in back.contacts] == [
            attrs.evolve(draft, fields={}) for draft in given
        ]

    def test_each_name_has_a_column_and_what_is_no_text_is_also_in_json(self, tmp_path: Path) -> None:
        contacts = [CONTACT, attrs.evolve(CONTACT, fields={"age": 41, "plan": "pro", " odd ": "x"})]
        head, first, second = rows_of(written(tmp_path, "csv", contacts))

        assert head[len(COLUMNS) :] == ["field.age", "field.plan", "fields"]
        assert first[len(COLUMNS) :] == ["", "pro", ""]
        assert [*second[len(COLUMNS) : -1], json.loads(second[-1])] == ["41", "pro", {"age": 41, " odd ": "x"}]

    def test_a_cell_that_somebody_changed_counts(self, tmp_path: Path) -> None:
        people = [attrs.evolve(CONTACT, fields={"age": 41, "plan": "pro"})]
        path = written(tmp_path, "csv", people)
        path.write_text(path.read_text(encoding="utf-8").replace(",41,", ",42,"), encoding="utf-8")
        assert dict(read_contacts(path).contacts[0].fields) == {"age": "42", "plan": "pro"}

    def test_too_many_names_are_refused_and_fit_as_json(self, tmp_path: Path) -> None:
        contact = attrs.evolve(CONTACT, fields={f"name {number}": "x" for number in range(MOST_FIELDS + 1)})
        with pytest.raises(InvalidInput, match="--fields json"):
            written(tmp_path, "jsonl", [contact])
        assert len(read_contacts(written(tmp_path, "jsonl", [contact], fields="json")).contacts) == 1

    @pytest.mark.parametrize("form", FORMATS)
    def test_what_no_format_can_hold_is_replaced(self, tmp_path: Path, form: str) -> None:
        odd = {"half": "a\ud83d", "nul": "a\0b", "no number": NoNumber("NaN"), "infinite": float("inf"), "big": 2**70}
        back = read_contacts(written(tmp_path, form, [attrs.evolve(CONTACT, name="A\ud83d", fields=odd)]))

        assert back.rejected == ()
        assert back.contacts[0].name == "A\ufffd"
        assert dict(back.contacts[0].fields) == {
            "half": "a\ufffd", "nul": "a\ufffdb", "no number": "NaN", "infinite": "inf", "big": 2**70,
        }  # fmt: skip


class TestExcel:
    @pytest.mark.parametrize(
        "text", ["=1+1", "+1", "-1", "@x", "\tx", "\r=1", " =1", "'x", "=1", "007", "123456789012", "12E5", "x", "41"]
    )
    def test_no_cell_becomes_a_formula_or_another_number(self, tmp_path: Path, text: str) -> None:
        contact = attrs.evolve(CONTACT, external_id=text, failure_reason=text, fields={"odd": text})
        path = written(tmp_path, "csv", [contact], excel=True)
        cells = rows_of(path)[1]
        begins = {cell.lstrip(" ")[:1] for cell in cells}

        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        assert begins & set("=+-@\t\r=") == set()
        assert cells[BY_NAME["phone_number"]] == "'+12125550123"
        assert (cells[BY_NAME["external_id"]] == text) == (text in ("x", "41"))

    def test_a_workbook_holds_texts_and_no_formulas(self, tmp_path: Path) -> None:
        contact = attrs.evolve(CONTACT, external_id="=1+1", failure_reason="007")
        cells = next(openpyxl.load_workbook(written(tmp_path, "xlsx", [contact]))["contacts"].iter_rows(min_row=2))
        found = cells[BY_NAME["external_id"]], cells[BY_NAME["failure_reason"]]

        assert [(cell.value, cell.data_type) for cell in found] == [("=1+1", "s"), ("007", "s")]

    def test_a_text_that_no_cell_holds_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="failure_reason of contact 1 has 32,768 characters"):
            written(tmp_path, "xlsx", [attrs.evolve(CONTACT, failure_reason="x" * 32_768)])

    def test_a_time_before_excel_is_text(self, tmp_path: Path) -> None:
        contact = attrs.evolve(CONTACT, started_at=datetime(1, 1, 1, tzinfo=UTC))
        cells = next(openpyxl.load_workbook(written(tmp_path, "xlsx", [contact]))["contacts"].iter_rows(min_row=2))
        assert cells[BY_NAME["started_at"]].value == "0001-01-01T00:00:00Z"


def test_row_groups_are_large_whatever_the_pages(tmp_path: Path) -> None:
    path = written(tmp_path, "parquet", (attrs.evolve(CONTACT, id=str(number)) for number in range(23_000)))
    groups = pq.ParquetFile(path)

    assert [groups.metadata.row_group(number).num_rows for number in range(groups.num_row_groups)] == [20_000, 3_000]
    assert pq.read_table(path, columns=["id"])["id"].to_pylist() == [str(number) for number in range(23_000)]


@pytest.mark.parametrize("damage", ["PAR1 and no more", "PAR1"])
def test_what_only_begins_like_parquet_is_refused(damage: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
        read_contacts(io.BytesIO(damage.encode()))


def test_any_parquet_can_be_a_list_of_contacts(tmp_path: Path) -> None:
    rows: dict[str, list[Any]] = {"Mobile": ["+1 212 555 0123", None], "age": [41, None]}
    pq.write_table(pa.table(rows), tmp_path / "people.parquet")
    people = read_contacts(tmp_path / "people.parquet")
    assert [(contact.phone_number, dict(contact.fields)) for contact in people.contacts] == [
        ("+12125550123", {"age": 41})
    ]


@pytest.mark.parametrize("value", ['="5"', '="say ""5"""', '=""'])
@pytest.mark.parametrize("form", FORMATS)
def test_a_text_that_looks_like_the_mark_of_excel_for_text_comes_back(tmp_path: Path, form: str, value: str) -> None:
    path = written(tmp_path, form, [attrs.evolve(CONTACT, fields={"code": value})])
    assert [dict(contact.fields) for contact in read_contacts(path).contacts] == [{"code": value}]


def test_a_cell_of_a_workbook_is_as_long_as_excel_counts(tmp_path: Path) -> None:
    """A character beyond the first 65,536 counts twice there."""
    longest = "\U0001f600" * 16_383
    path = written(tmp_path, "xlsx", [attrs.evolve(CONTACT, fields={"note": longest})])
    assert read_contacts(path).contacts[0].fields["note"] == longest
    with pytest.raises(InvalidInput, match="32,768 characters"):
        written(tmp_path, "xlsx", [attrs.evolve(CONTACT, fields={"note": longest + "\U0001f600"})])


def test_a_workbook_replaces_characters_that_xml_does_not_have(tmp_path: Path) -> None:
    path = written(tmp_path, "xlsx", [attrs.evolve(CONTACT, fields={"note": "a\ufffeb\uffff"})])
    assert dict(read_contacts(path).contacts[0].fields) == {"note": "a\ufffdb\ufffd"}
