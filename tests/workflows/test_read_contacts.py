"""Reading lists of contacts as people have them."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unibatch.core.draft import ContactDraft
from unibatch.core.errors import InvalidInput
from unibatch.workflows.contacts import SYNONYMS, ContactList, files, read_contacts
from unibatch.workflows.contacts.wishes import is_refusal

A, B, C = "+12125550123", "+12125550124", "+12125550125"


def from_csv(text: str, **kwargs: Any) -> ContactList:
    return read_contacts(io.StringIO(text, newline=""), format="csv", **kwargs)


def from_bytes(data: bytes, **kwargs: Any) -> ContactList:
    return read_contacts(io.BytesIO(data), **kwargs)


def from_lines(*rows: Any) -> ContactList:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    return read_contacts(io.StringIO("\n".join(lines)), format="jsonl")


def numbers(people: ContactList) -> list[str]:
    return [contact.phone_number for contact in people.contacts]


def reasons(people: ContactList) -> list[tuple[int, str]]:
    return [(rejected.line, rejected.reason) for rejected in people.rejected]


def reason(people: ContactList) -> str:
    assert people.contacts == ()
    (rejected,) = people.rejected
    return rejected.reason


AFTER_A_QUOTE = "text follows a closing quotation mark; inside a quoted cell a quotation mark is written twice"
NOT_CLOSED = "a quotation mark opens a cell and is not closed"


class TestCsvDialects:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_any_delimiter_is_recognised(self, delimiter: str) -> None:
        people = from_csv(f"name{delimiter}phone\nAnn{delimiter}{A}\n")
        assert people.contacts == (ContactDraft(phone_number=A, name="Ann"),)

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_other_delimiters_in_the_cells_do_not_mislead(self, delimiter: str) -> None:
        note = "".join({",", ";", "|"} - {delimiter})
        people = from_csv(f"phone{delimiter}note\n{A}{delimiter}{note}a{note}\n{B}{delimiter}b{note}{note}\n")
        assert [contact.fields for contact in people.contacts] == [
            {"note": f"{note}a{note}"},
            {"note": f"b{note}{note}"},
        ]

    @pytest.mark.parametrize("rows", [f"{A}\n{B}\n", "212-555-0123\n212-555-0124\n", "(212) 555-0123\n(212) 555-0124"])
    def test_a_file_with_one_column_needs_no_delimiter(self, rows: str) -> None:
        assert numbers(from_csv("Phone\n" + rows, region="US")) == [A, B]

    def test_the_separator_line_of_excel_is_honoured(self) -> None:
        people = from_csv(f"sep=;\r\nname,x;phone\r\nAnn;{A}\r\nBob;1\r\n")
        assert numbers(people) == [A]
        assert [rejected.line for rejected in people.rejected] == [4]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("newline", ["", "\n"], ids=["as they are", "of a stream that does not know old Macs"])
    def test_lines_end_as_on_any_system(self, end: str, newline: str) -> None:
        people = read_contacts(io.StringIO(end.join(["phone", A, "1", B, ""]), newline=newline))
        assert numbers(people) == [A, B]
        assert [rejected.line for rejected in people.rejected] == [3]

    def test_a_quoted_cell_may_go_over_several_lines(self) -> None:
        people = from_csv(f'phone,note\r\n{A},"one\ntwo"\r\n1,x\r\n')
        assert people.contacts[0].fields == {"note": "one\ntwo"}
        assert [rejected.line for rejected in people.rejected] == [4]

    def test_a_blank_may_stand_before_a_quotation_mark(self) -> None:
        assert from_csv(f'name, phone\n"Ann", "{A}"\n').contacts == (ContactDraft(phone_number=A, name="Ann"),)

    def test_a_quotation_mark_inside_a_plain_cell_is_text(self) -> None:
        assert from_csv(f'phone,pipe\n{A},5" pipe\n').contacts[0].fields == {"pipe": '5" pipe'}

    @pytest.mark.parametrize(
        ("rows", "kept", "rejected"),
        [
            ([f'"Ann "Annie" X",{A}', f"Bob,{B}"], [B], {2: AFTER_A_QUOTE}),
            ([f'"Ann,{A}', f"Bob,{B}", f"Cyd,{C}"], [B, C], {2: NOT_CLOSED}),
            ([f'"Ann,{A}', f"Bob,{B}", f'"Cyd,{A}', f"Dee,{C}"], [B, C], {2: AFTER_A_QUOTE, 4: NOT_CLOSED}),
            (
                ['"one', f'two" x,{A}', f"ok,{B}"],
                [B],
                {2: AFTER_A_QUOTE, 3: "it may belong to the row before it, whose quotation marks are wrong"},
            ),
            ([f"{'x' * 140_000},{A}", f"y,{B}"], [B], {2: "a cell is too long, or a quotation mark opens it"}),
        ],
        ids=["text behind a closing one", "not closed", "two not closed", "the tail of a broken row", "too long"],
    )
    def test_a_wrong_quotation_mark_rejects_its_row_and_no_other(
        self, rows: list[str], kept: list[str], rejected: dict[int, str]
    ) -> None:
        people = from_csv("\n".join(["name,phone", *rows]))
        assert numbers(people) == kept
        assert [line for line, _ in reasons(people)] == list(rejected)
        assert all(reason.startswith(rejected[line]) for line, reason in reasons(people))


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
    def test_text_is_read_in_the_encoding_that_it_has(self, encoding: str) -> None:
        mark = "\ufeff" if encoding == "utf-16-be" else ""
        people = from_bytes(f"{mark}Téléphone;Prénom\r\n{A};Zoë\r\n".encode(encoding))
        assert people.contacts == (ContactDraft(phone_number=A, first_name="Zoë"),)

    def test_a_byte_order_mark_before_a_quoted_header_is_left_out(self) -> None:
        assert numbers(from_csv(f'\ufeff"phone","a"\n{A},1\n')) == [A]

    def test_a_character_at_the_border_of_two_chunks_is_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "_CHUNK", 7)
        people = from_bytes(f"phone,note\n{A},{'€' * 100}\n".encode())
        assert people.contacts[0].fields == {"note": "€" * 100}

    @pytest.mark.parametrize(
        ("data", "part"),
        [
            (b"phone\n\x81\x8d", "save it as UTF-8"),
            (b"\xef\xbb\xbfphone\n\xff", "save it as UTF-8"),
            (b"\xff\xfep\x00h", "save it as UTF-8"),
            (b"phone\n+1212\x005550123\n", "NUL character in line 2"),
            ("phone\n1".encode("utf-16-le"), "NUL character in line 1"),
            (b"PK\x03\x04rest", "cannot be read as a workbook"),
            (b"\xd0\xcf\x11\xe0rest", "cannot be read as a workbook"),
        ],
    )
    def test_what_is_no_text_is_refused(self, data: bytes, part: str) -> None:
        with pytest.raises(InvalidInput, match=part):
            from_bytes(data)

    def test_json_must_be_utf_8(self) -> None:
        with pytest.raises(InvalidInput, match="not UTF-8"):
            from_bytes('{"phone": "1", "name": "Zoë"}'.encode("cp1252"))


class TestExcelsQuirks:
    @pytest.mark.parametrize(
        "cell",
        [
            "2125550123",
            "2125550123.0",
            "2125550123.00",
            "'2125550123",
            "\u20192125550123",
            '"=""2125550123"""',
            '="2125550123"',
            "=+12125550123",
            "2.125550123E+09",
            "2.125550123e9",
            "12125550123",
            "1.2125550123E+10",
            "+1.2125550123E+10",
            "\u00a0212\u00a0555\u00a00123\u00a0",
            "\u200b2125550123\u200b",
            "\u202d+1 212 555 0123\u202c",
            "212\u2011555\u20110123",
            "\uff12\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff12\uff13",
            "tel:+1-212-555-0123",
        ],
    )
    def test_a_number_that_is_whole_is_understood(self, cell: str) -> None:
        assert numbers(from_csv(f"phone\n{cell}\n", region="US")) == [A]

    @pytest.mark.parametrize("cell", ["1.21255E+10", "2.13E+09", "1E+10", "1,21255E+10", "2.1255501234E+09"])
    def test_a_number_that_has_lost_digits_is_rejected(self, cell: str) -> None:
        assert "has lost digits in a spreadsheet" in reason(from_csv(f"phone;x\n{cell};y\n", region="US"))

    @pytest.mark.parametrize(
        "cell",
        [
            f"{A} ext 5",
            f"{A}x5",
            f"{A}#5",
            f'"{A},5"',
            f"{A};ext=5",
            "+1212555 Mary",
            "1-800-FLOWERS",
        ],
    )
    def test_letters_and_extensions_are_rejected(self, cell: str) -> None:
        assert "cannot be dialled" in reason(from_csv(f"phone,x\n{cell},y\n", region="US"))

    def test_two_numbers_in_one_cell_are_rejected(self) -> None:
        assert "more than one line" in reason(from_csv(f'phone\n"{A}\n{B}"\n'))
        assert "is not a phone number" in reason(from_csv(f"phone\n{A} / {B}\n"))

    def test_empty_rows_and_trailing_columns_are_skipped(self) -> None:
        people = from_csv(f"\r\n,,\r\nphone,name,,\r\n{A},Ann,,\r\n,,,\r\n\u00a0,\u200b,,,,\r\n{B}\r\n,,,,,,,\r\n\r\n")
        assert numbers(people) == [A, B]
        assert people.rejected == ()
        assert people.columns == {"phone": "phone_number", "name": "name"}

    def test_a_row_with_more_cells_than_headers_is_rejected(self) -> None:
        people = from_csv(f"phone,name\n{A},Smith, Ann\n")
        assert reason(people) == "the row has more cells than there are headers (2)"
        assert people.rejected[0].row == {"phone": A, "name": "Smith", "column 3": "Ann"}

    def test_a_column_without_a_header_is_custom_data_if_it_has_content(self) -> None:
        people = from_csv(f",phone,\n0,{A},\n1,{B},\n")
        assert [contact.fields for contact in people.contacts] == [{"column 1": "0"}, {"column 1": "1"}]
        assert people.columns == {"column 1": "fields.column 1", "phone": "phone_number"}

    @pytest.mark.parametrize(
        ("header", "cell", "value"), [("name", "'t Hooft", "'t Hooft"), ("external_id", '="007"', "007")]
    )
    def test_an_apostrophe_is_text_and_formula_text_is_unwrapped(self, header: str, cell: str, value: str) -> None:
        assert getattr(from_csv(f"phone,{header}\n{A},{cell}\n").contacts[0], header) == value


class TestColumns:
    @pytest.mark.parametrize("attribute", sorted(SYNONYMS))
    def test_each_synonym_is_understood_in_any_spelling(self, attribute: str) -> None:
        for synonym in SYNONYMS[attribute]:
            for header in (synonym, synonym.upper(), synonym.replace(" ", "_"), f" {synonym.title()}: "):
                row = {header: A} if attribute == "phone_number" else {header: "x", "phone_number": A}
                assert read_contacts([row]).columns[header] == attribute

    def test_no_synonym_stands_for_two_attributes(self) -> None:
        words = [word for synonyms in SYNONYMS.values() for word in synonyms]
        assert sorted(words) == sorted(set(words))

    def test_the_guess_is_shown(self) -> None:
        people = from_csv(f"E-Mail;Firma;Handy-Nr.;Kunden ID\na@b.c;ACME;{A};7\n")
        assert people.columns == {
            "E-Mail": "email",
            "Firma": "fields.Firma",
            "Handy-Nr.": "phone_number",
            "Kunden ID": "external_id",
        }
        assert people.contacts == (
            ContactDraft(phone_number=A, email="a@b.c", external_id="7", fields={"Firma": "ACME"}),
        )

    def test_of_two_columns_for_one_attribute_the_better_one_wins(self) -> None:
        people = from_csv(f"phone,customer id,id\n{A},7,8\n")
        assert people.contacts == (ContactDraft(phone_number=A, external_id="8", fields={"customer id": "7"}),)

    def test_two_columns_that_look_like_the_phone_number_are_refused(self) -> None:
        with pytest.raises(InvalidInput, match=r"2 columns look like the phone number: 'Phone', 'Mobile'.*--map"):
            from_csv(f"Mobile,Phone\n{A},{B}\n")

    def test_which_is_the_phone_number_can_be_said(self) -> None:
        people = from_csv(f"Mobile,Phone\n{A},{B}\n", columns={"mobile": "phone_number"})
        assert people.contacts == (ContactDraft(phone_number=A, fields={"Phone": B}),)

    def test_the_canonical_name_is_the_phone_number_beside_others(self) -> None:
        people = read_contacts([{"mobile": B, "phone_number": A}])
        assert people.contacts == (ContactDraft(phone_number=A, fields={"mobile": B}),)

    @pytest.mark.parametrize("target", ["fields.company", "company"])
    def test_a_column_can_be_custom_data_under_another_name(self, target: str) -> None:
        people = from_csv(f"phone,name\n{A},ACME\n", columns={"name": target})
        assert people.contacts == (ContactDraft(phone_number=A, fields={"company": "ACME"}),)
        assert people.columns["name"] == "fields.company"

    @pytest.mark.parametrize("target", ["", "-"])
    @pytest.mark.parametrize(("header", "name"), [("secret", "secret"), ("", "column 2")])
    def test_a_column_can_be_left_out(self, header: str, name: str, target: str) -> None:
        people = from_csv(f"phone,{header}\n{A},x\n", columns={name: target})
        assert people.contacts == (ContactDraft(phone_number=A),)
        assert people.columns[name] == "-"

    @pytest.mark.parametrize(
        ("columns", "part"),
        [
            ({"Handy": "phone_number"}, "no column 'Handy'; there are 'phone', 'a'"),
            ({"a": "name", "phone": "name"}, "two columns to name"),
            ({"a": "fields."}, "needs a name"),
            ({"a": 1}, "texts to texts"),
            ("a=b", "must be a mapping"),
            ({"a": "fields.x", "A": "fields.y"}, "names the column 'a' twice"),
            ({"phone": "-"}, "no column looks like the phone number"),
        ],
    )
    def test_a_mapping_that_makes_no_sense_is_refused(self, columns: Any, part: str) -> None:
        with pytest.raises(InvalidInput, match=part):
            from_csv(f"phone,a\n{A},1\n", columns=columns)

    def test_two_columns_for_the_same_custom_data_are_refused(self) -> None:
        with pytest.raises(InvalidInput, match=r"the columns 'b', 'a' both go to fields\.a|'a', 'b'"):
            from_csv(f"phone,a,b\n{A},1,2\n", columns={"b": "a"})

    @pytest.mark.parametrize("first", [A, f"Ann,{A}", "Ann;(212) 555-0123", "Ann\t2125550123"])
    def test_a_missing_header_row_is_noticed_and_not_repeated(self, first: str) -> None:
        with pytest.raises(InvalidInput, match="put a line with the names of the columns above it") as caught:
            from_csv(first + "\n")
        assert "5550123" not in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "part"),
        [
            (f"phone,note,note \n{A},1,2\n", "more than one column is called 'note'"),
            ('"phone\n1', "the headers in line 1 cannot be read: a quotation mark opens"),
            (",,\n,\n", "has no rows"),
            ("name,x\nAnn,1\n", "no column looks like the phone number; there are 'name', 'x'"),
            ("", "is empty"),
            ("\ufeff\n\r\n \t\n", "is empty"),
        ],
    )
    def test_headers_that_cannot_be_used_are_refused(self, text: str, part: str) -> None:
        with pytest.raises(InvalidInput, match=part):
            from_csv(text)

    def test_headers_alone_are_an_empty_list(self) -> None:
        assert from_csv("phone,name\n").contacts == ()


class TestPhoneNumbers:
    @pytest.mark.parametrize(
        ("number", "region", "understood"),
        [
            ("212 555 0123", "us", A),
            ("001 212 555 0123", "DE", A),
            ("030 901820", "DE", "+4930901820"),
        ],
    )
    def test_a_number_in_national_form_is_read_by_the_rules_of_its_region(
        self, number: str, region: str, understood: str
    ) -> None:
        assert numbers(from_csv(f"phone\n{number}\n", region=region)) == [understood]

    @pytest.mark.parametrize("region", ["XX", "USA", "", "UK", 1])
    def test_an_unknown_region_is_refused_at_once(self, region: Any) -> None:
        with pytest.raises(InvalidInput, match="two-letter ISO 3166"):
            read_contacts([], region=region)

    @pytest.mark.parametrize(
        ("number", "region", "why"),
        [
            ("212 555 0123", None, "name a region"),
            ("7\u00a0911", "GB", "numbering plan"),
            ("+121255", None, "+12**55 is not a number that exists in its country's numbering plan"),
            ("", None, "there is no phone number"),
            ("1" * 1000, None, "1,000 characters are no phone number"),
        ],
    )
    def test_what_is_no_number_is_rejected(self, number: str, region: str | None, why: str) -> None:
        assert why in reason(from_csv(f"phone,name\n{number},Ann\n", region=region))

    def test_reasons_and_reprs_show_no_phone_number(self) -> None:
        people = from_csv("phone\n+1 555 0199 8877\n")
        assert "0199" not in repr(people) + repr(people.rejected) + reason(people)

    def test_a_repeated_number_is_kept_once_and_reported(self) -> None:
        people = from_csv(f"phone,name,email\n{A},Ann,a@example.com\n{B},Bob,\n(212) 555-0123,Cyd,\n", region="US")
        assert [contact.name for contact in people.contacts] == ["Ann", "Bob"]
        assert [(again.line, again.first_line, again.contact.name) for again in people.repeated] == [(4, 2, "Cyd")]

    def test_which_of_the_same_number_is_kept_does_not_depend_on_the_order_of_rows(self) -> None:
        rows = [f"{A},Ann,\n", f"{A},Dee,\n", f"{A},Cyd,c@example.com\n"]
        for some in (rows, rows[:2]):
            kept = {from_csv("phone,name,email\n" + "".join(order)).contacts for order in permutations(some)}
            assert len(kept) == 1


class TestJsonLines:
    def test_values_keep_their_types(self) -> None:
        fields: dict[str, Any] = {"n": 1, "x": 1.5, "yes": True, "none": None, "list": [1, "a"], "map": {"a": {}}}
        assert from_lines({"phone": A, **fields}).contacts == (ContactDraft(phone_number=A, fields=fields),)

    def test_custom_data_may_be_nested(self) -> None:
        people = from_lines({"phone": A, "tier": 1, "fields": {"name": "x", "fields.a": 2}})
        assert people.contacts[0].fields == {"tier": 1, "name": "x", "fields.a": 2}
        assert people.columns == {"phone": "phone_number", "tier": "fields.tier", "fields": "fields"}

    def test_blank_lines_are_skipped_and_counted(self) -> None:
        people = from_lines({"phone": A}, "", "  ", {"phone": "1"})
        assert numbers(people) == [A]
        assert [rejected.line for rejected in people.rejected] == [4]

    @pytest.mark.parametrize(
        ("line", "part"),
        [
            ('{"phone": ', "it is not JSON: Expecting value at character 10"),
            ("[1, 2]", "expected a JSON object, got an array"),
            ('"text"', "got a text"),
            ("null", "got null"),
            ("true", "got true or false"),
            ("1.5", "got a number"),
            ('{"phone": "1", "phone": "2"}', "the same name twice in one object: 'phone'"),
            ('{"phone": NaN}', "NaN is no JSON number"),
            ('{"phone": ' + "9" * 5000 + "}", "a number is too long"),
            ("[" * 100_000, "nested too deep"),
            ('{"phone": 1.5}', "must be a text, not float"),
            ('{"phone": true}', "must be a text, not bool"),
            ('{"phone": null}', "there is no phone number"),
            ('{"phone": -12125550123}', "no sign"),
            ('{"phone": 12125550123}', "name a region"),
            ('{"phone": {}}', "must be a text, not dict"),
            ('{"phone": "+12125550124", "name": 5}', "name must be a text, not int"),
            ('{"phone": "+12125550124", "email": []}', "email must be a text, not list"),
            ('{"phone": "+12125550124", "id": 1.5}', "external_id must be a text, not float"),
            ('{"phone": "+12125550124", "id": true}', "external_id must be a text, not bool"),
            ('{"phone": "+12125550124", "fields": 3}', "fields must be a mapping"),
            ('{"phone": "+12125550124", "a": 1, "fields": {"a": 2}}', "custom data twice: 'a'"),
            ('{"phone": "+12125550124", "fields": {"a": 2}, "a": 1}', "custom data twice: 'a'"),
            ('{"phone": "+12125550124", "a": "\\ud800"}', "half a character"),
            ('{"name": "Ann"}', "there is no phone number"),
        ],
    )
    def test_a_bad_line_is_rejected_with_its_reason(self, line: str, part: str) -> None:
        people = from_lines({"phone": A}, line)
        assert numbers(people) == [A]
        ((number, why),) = reasons(people)
        assert number == 2
        assert part in why

    def test_all_that_is_wrong_with_a_row_is_told_at_once(self) -> None:
        assert reason(from_lines({"phone": 1.5, "name": 1})) == (
            "the phone number must be a text, not float; name must be a text, not int"
        )

    def test_a_whole_number_is_read_like_its_digits(self) -> None:
        people = read_contacts([{"phone": 2125550123, "id": 7}], region="US")
        assert people.contacts == (ContactDraft(phone_number=A, external_id="7"),)

    def test_blank_text_is_nothing(self) -> None:
        assert from_lines({"phone": A, "name": "", "email": " "}).contacts == (ContactDraft(phone_number=A),)

    def test_without_a_phone_key_or_a_wanted_key_in_any_row_it_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="there are 'a', 'b'"):
            from_lines({"a": 1}, {"b": 2})
        with pytest.raises(InvalidInput, match="there is no column 'x'"):
            read_contacts([{"phone": A}], columns={"x": "name"})


class TestSources:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("a.csv", f"phone\n{A}"),
            ("a.TSV", f"phone\tname\n{A}\t"),
            ("a.txt", f"phone\n{A}"),
            ("a", f"phone\n{A}"),
            ("a.jsonl", json.dumps({"phone": A})),
            ("a.ndjson", json.dumps({"phone": A})),
            ("a.json", json.dumps([{"phone": A}], indent=1)),
            ("a.json", json.dumps({"phone": A})),
            ("a", json.dumps({"phone": A})),
        ],
    )
    def test_a_path_is_read_by_its_suffix_or_content(self, tmp_path: Path, name: str, text: str) -> None:
        path = tmp_path / name
        path.write_text(text)
        assert numbers(read_contacts(path)) == [A]
        assert numbers(read_contacts(str(path))) == [A]

    def test_the_format_overrides_the_suffix(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text(json.dumps({"phone": A}))
        assert numbers(read_contacts(path, format="jsonl")) == [A]

    def test_streams_are_read_and_left_open(self) -> None:
        for stream in (io.StringIO(f"phone\n{A}\n"), io.BytesIO(f"phone\n{A}\n".encode())):
            assert numbers(read_contacts(stream)) == [A]
            assert not stream.closed

    def test_iterables_of_mappings_drafts_and_numbers_are_read(self) -> None:
        draft = ContactDraft(phone_number=" +1 212 555-0124 ", name="Bob", fields={"a": [1]})
        people = read_contacts(item for item in ({"Phone": A, "x": 1}, draft, C))
        assert people.contacts == (
            ContactDraft(phone_number=A, fields={"x": 1}),
            ContactDraft(phone_number=B, name="Bob", fields={"a": [1]}),
            ContactDraft(phone_number=C),
        )

    def test_items_of_other_kinds_are_rejected_by_their_number(self) -> None:
        people = read_contacts([A, 5, [B], {"phone": B, None: ["x"]}])  # type: ignore[list-item, dict-item]  # on purpose
        assert [rejected.line for rejected in people.rejected] == [2, 3, 4]

    @pytest.mark.parametrize("value", [object(), {1, 2}])
    def test_custom_data_that_json_cannot_hold_is_rejected(self, value: object) -> None:
        assert "what JSON can hold" in reason(read_contacts([{"phone": A, "x": value}]))

    def test_an_empty_iterable_is_an_empty_list(self) -> None:
        assert read_contacts([]) == ContactList(contacts=())

    @pytest.mark.parametrize(
        ("source", "part"),
        [
            ("/nowhere/people.csv", r"cannot read /nowhere/people\.csv: No such file"),
            ("/", "Is a directory"),
            ("a\0b", "cannot read"),
            (f"phone\n{A}", "io.StringIO"),
            (b"phone", "io.BytesIO"),
            ({"phone": A}, "list of mappings"),
            (5, "path, a stream or an iterable"),
            (None, "path, a stream or an iterable"),
            (io.TextIOWrapper(io.BytesIO(b"phone,\xe9"), encoding="utf-8"), "save it as UTF-8"),
            (SimpleNamespace(read=lambda _size: []), "gives list, neither text nor bytes"),
            (SimpleNamespace(closed=True, read=None), "closed"),
            (io.StringIO('[{"phone": 1},'), "begins like a JSON array, and it is not JSON"),
        ],
    )
    def test_what_is_no_source_is_refused(self, source: Any, part: str) -> None:
        with pytest.raises(InvalidInput, match=part):
            read_contacts(source)

    def test_a_pipe_is_read(self) -> None:
        receiving, sending = os.pipe()
        with os.fdopen(receiving, "rb") as pipe:
            os.write(sending, f"phone\n{A}\n".encode())
            os.close(sending)
            assert numbers(read_contacts(f"/dev/fd/{pipe.fileno()}")) == [A]

    def test_what_has_no_end_is_not_read_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "_LARGEST_STREAM", 3 * 1024 * 1024)
        with pytest.raises(InvalidInput, match="/dev/zero gives more than 3,145,728 bytes; save it as a file"):
            read_contacts("/dev/zero")

    def test_an_unknown_format_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="format must be"):
            read_contacts([], format="xlsx")  # type: ignore[arg-type]  # on purpose

    def test_the_result_can_be_pickled(self) -> None:
        people = from_csv(f"phone,a\n{A},1\n1,2\n{A},3\n")
        assert pickle.loads(pickle.dumps(people)) == people


class TestRejectedFile:
    def corrected(self, path: Path, corrections: Mapping[str, str]) -> None:
        text = path.read_text(encoding="utf-8-sig")
        for wrong, right in corrections.items():
            text = text.replace(wrong, right)
        path.write_text(text, encoding="utf-8-sig")

    def test_it_holds_line_reason_and_the_original_columns(self, tmp_path: Path) -> None:
        people = from_csv(f'Mobile;Name;Note\n{A};Ann;\n12;Zoë;"=1+1\n@x"\n')
        people.write_rejected(tmp_path / "r.csv")
        with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file)
        assert header == ["unibatch_line", "unibatch_reason", "Mobile", "Name", "Note"]
        assert rows == [["3", people.rejected[0].reason, "12", "Zoë", "=1+1\n@x"]]

    def test_it_can_be_corrected_and_read_again(self, tmp_path: Path) -> None:
        path = tmp_path / "r.csv"
        from_csv("Mobile;Name;Firma\n12;Zoë;Müller & Söhne\n").write_rejected(path)
        self.corrected(path, {",12,": f",{A},"})
        assert read_contacts(path).contacts == (
            ContactDraft(phone_number=A, name="Zoë", fields={"Firma": "Müller & Söhne"}),
        )

    def test_nested_custom_data_finds_its_place_again(self, tmp_path: Path) -> None:
        path = tmp_path / "r.csv"
        from_lines({"phone": "12", "tags": ["a"], "fields": {"tier": "gold"}}).write_rejected(path)
        self.corrected(path, {",12,": f",{A},"})
        assert read_contacts(path).contacts[0].fields == {"tags": '["a"]', "tier": "gold"}

    def test_what_could_not_be_read_at_all_is_in_it(self, tmp_path: Path) -> None:
        from_lines({"phone": "12"}, '{"phone": ').write_rejected(tmp_path / "r.csv")
        with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
            assert [row["unibatch_text"] for row in csv.DictReader(file)] == ["", '{"phone":']

    def test_it_can_be_rejected_again(self, tmp_path: Path) -> None:
        first, second = tmp_path / "1.csv", tmp_path / "2.csv"
        from_csv("phone,a\n\n12,x\n").write_rejected(first)
        read_contacts(first).write_rejected(second)
        assert second.read_text(encoding="utf-8-sig").splitlines()[0] == "unibatch_line,unibatch_reason,phone,a"
        assert len(read_contacts(second).rejected) == 1

    def test_odd_values_are_written_somehow(self, tmp_path: Path) -> None:
        endless: list[Any] = []
        endless.append(endless)
        people = read_contacts([{"phone": "12", "x": "\ud800\0", "y": endless, "z": None, "w": 1.5}])
        people.write_rejected(tmp_path / "r.csv")
        assert len(read_contacts(tmp_path / "r.csv").rejected) == 1

    def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(self, tmp_path: Path) -> None:
        people = from_csv("phone\n12\n")
        with pytest.raises(InvalidInput, match="cannot write"):
            people.write_rejected(tmp_path / "none" / "r.csv")
        with pytest.raises(InvalidInput, match="it is not a file"):
            people.write_rejected(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_failure_while_writing_leaves_the_old_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        (tmp_path / "r.csv").write_text("old")
        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(InvalidInput, match=r"cannot write .*r\.csv: No space left on device"):
            from_csv("phone\n12\n").write_rejected(tmp_path / "r.csv")
        assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
        from_csv("phone\n12\n").write_rejected(tmp_path / "link.csv")
        assert (tmp_path / "link.csv").is_symlink()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "real.csv"]


words = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters='="'), min_size=1, max_size=12).filter(
    lambda word: not is_refusal(word)
)
phones = st.integers(2_000_000, 9_999_999).map(lambda rest: f"+1212{rest}")
texts = st.none() | words
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()

some_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def drafts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[ContactDraft]]:
    draft = st.builds(
        ContactDraft,
        phone_number=phones,
        name=texts,
        first_name=texts,
        last_name=texts,
        email=texts,
        external_id=texts,
        fields=st.dictionaries(words, values, max_size=4),
    )
    return st.lists(draft, min_size=1, max_size=6, unique_by=lambda draft: draft.phone_number)


ATTRIBUTES = tuple(SYNONYMS)


# What characters there are is worked out when the first text is drawn, which takes seconds.
searched = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class TestAnyList:
    @searched
    @given(drafts=drafts(words), delimiter=st.sampled_from(",;\t|"), end=st.sampled_from(["\n", "\r\n", "\r"]))
    def test_drafts_survive_csv(self, drafts: list[ContactDraft], delimiter: str, end: str) -> None:
        custom = list(dict.fromkeys(name for draft in drafts for name in draft.fields))
        file = io.StringIO(newline="")
        writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
        writer.writerow([*ATTRIBUTES, *(f"fields.{name}" for name in custom)])
        for draft in drafts:
            writer.writerow(
                [*(getattr(draft, name) for name in ATTRIBUTES), *(draft.fields.get(name, "") for name in custom)]
            )
        assert from_csv(file.getvalue()).contacts == tuple(drafts)

    @searched
    @given(drafts=drafts(some_json))
    def test_drafts_survive_json_lines(self, drafts: list[ContactDraft]) -> None:
        rows = [
            {**{name: getattr(draft, name) for name in ATTRIBUTES}, "fields": dict(draft.fields)} for draft in drafts
        ]
        assert from_lines(*rows).contacts == tuple(drafts)

    @searched
    @given(drafts=drafts(words))
    def test_drafts_survive_as_they_are(self, drafts: list[ContactDraft]) -> None:
        assert read_contacts(drafts).contacts == tuple(drafts)

    @searched
    @given(rows=st.lists(st.text("+12 ,;|='ax\u00a0\u200bN", max_size=20)))
    def test_every_row_is_accounted_for_once(self, rows: list[str]) -> None:
        rows = [row.replace("N", A) for row in rows]
        people = from_csv("phone,a\n" + "\r".join(rows))
        lines = [*(row.line for row in people.rejected), *(row.line for row in people.repeated)]
        with_content = [line for line, row in enumerate(rows, 2) if row.strip(" ,\u00a0\u200b")]
        assert len(lines) + len(people.contacts) == len(with_content)
        assert set(lines) <= set(with_content)

    @searched
    @given(rows=st.lists(st.text("+1\"', \r\nx"), max_size=8))
    def test_no_quotation_marks_swallow_the_rows_after_them(self, rows: list[str]) -> None:
        people = from_csv("phone,a\n" + "\n".join(rows) + f'\n"{A}","b"\n{B},c\n')
        seen = [*people.contacts, *(row.contact for row in people.repeated)]
        assert B in {contact.phone_number for contact in seen}

    @searched
    @given(data=st.binary(max_size=60))
    def test_no_bytes_lead_to_anything_but_an_answer(self, data: bytes) -> None:
        for head in (b"", b"phone\n", b'{"phone":', b"[", b"\xff\xfe"):
            try:
                answer = from_bytes(head + data)
            except InvalidInput:
                continue
            assert isinstance(answer, ContactList)
