"""Nobody by mistake: who is left out, which column is the number, and sources that say less than they seem to."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

import unibatch.sandbox
from unibatch import CampaignDraft, Client, ContactDraft, ContactList, DraftRefused, InvalidInput, Start, read_contacts
from unibatch.workflows.contacts.wishes import must_not_be_called, says_do_not_call

A, B, C = "+12125550123", "+12125550124", "+12125550125"


def from_csv(text: str, **kwargs: Any) -> ContactList:
    return read_contacts(io.StringIO(text, newline=""), format="csv", **kwargs)


def numbers(people: ContactList) -> list[str]:
    return [contact.phone_number for contact in people.contacts]


def skipped(people: ContactList) -> list[int]:
    return [row.line for row in people.skipped]


class TestDoNotCall:
    @pytest.mark.parametrize(
        "header",
        [
            *("DNC", "Do Not Call", "do_not_call", "doNotContact", "Don't call", "Opt-out", "Opted out?"),
            *("unsubscribed", "Blocked", "DNC flag", "Customer opt out"),
            *("Nicht anrufen", "Ne pas appeler", "No llamar", "не звонить", "请勿致电"),
        ],
    )
    def test_a_column_that_says_so_leaves_out_its_rows(self, header: str) -> None:
        people = from_csv(f"phone,{header}\n{A},yes\n{B},\n{C},no\n")
        assert (numbers(people), skipped(people)) == ([B, C], [2])
        assert people.columns[header] == "do_not_call"

    @pytest.mark.parametrize(
        "header", ["Email opt out", "SMS opt-out", "Opt in", "Call", "Calls", "Newsletter", "Stop"]
    )
    def test_other_columns_do_not(self, header: str) -> None:
        assert not says_do_not_call(header)

    @pytest.mark.parametrize(
        "value", ["Y", "TRUE", "1", 1, True, 1.0, "x", "Ja", "Oui", "sí", "Да", "是", "✓", "do not call"]
    )
    def test_a_truthy_value(self, value: object) -> None:
        assert must_not_be_called(value) == "says that it must not be called"

    @pytest.mark.parametrize(
        "value", ["", " ", None, "No", "false", "0", 0, False, 0.0, "Nein", "não", "нет", "-", "n/a"]
    )
    def test_a_falsy_value(self, value: object) -> None:
        assert must_not_be_called(value) is None

    @pytest.mark.parametrize("value", ["2024-05-17", "maybe", "asked in May", [1], {}])
    def test_what_cannot_be_read_is_no_permission(self, value: object) -> None:
        assert must_not_be_called(value) == "holds neither yes nor no, so it is not called"

    def test_other_rows_with_the_number_are_left_out_before_and_after(self) -> None:
        people = from_csv("phone,dnc\n+54 11 5550 0123,\n+54 9 11 5550 0123,yes\n+541155500123,no\n")
        assert (numbers(people), skipped(people), people.repeated) == ([], [2, 3, 4], ())

    def test_each_of_several_columns_counts_and_one_can_be_named(self) -> None:
        people = from_csv(f"phone,DNC,Note,Blocked\n{A},no,x,yes\n{B},no,,no\n", columns={"Note": "do_not_call"})
        assert (numbers(people), skipped(people)) == ([B], [2])

    @pytest.mark.parametrize("said", ["DNC", "do not call", "Do-Not-Contact!", "Opted out", "Nicht anrufen"])
    def test_any_other_cell_that_says_just_that_counts(self, said: str) -> None:
        people = from_csv(f"phone,Status\n{A},{said}\n{B},called; do not call on Mondays\n")
        assert (numbers(people), skipped(people)) == ([B], [2])

    def test_a_row_without_a_number_is_left_out_too(self) -> None:
        people = from_csv("phone,dnc\nunknown,yes\n")
        assert (skipped(people), people.rejected) == ([2], ())


class TestSkip:
    @pytest.mark.parametrize("skip", [[A], {"(212) 555-0123"}, [12125550123], [ContactDraft(phone_number=A)]])
    def test_numbers_in_memory(self, skip: Any) -> None:
        people = read_contacts([A, B], skip=skip, region="US")
        assert (numbers(people), skipped(people)) == ([B], [1])

    @pytest.mark.parametrize(
        "text", [f"{A}\n\n(212) 555-0124\n", f"Phone\n{A}\n{B}\n", f"name;phone;dnc\nAnn;{A};no\nBob;{B};yes\n"]
    )
    def test_a_file_of_numbers_or_a_table(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "never.csv").write_text(text)
        people = read_contacts([A, B, C], skip=tmp_path / "never.csv", region="US")
        assert (numbers(people), skipped(people)) == ([C], [1, 2])

    def test_another_spelling_is_the_same_number(self) -> None:
        assert numbers(read_contacts(["+5491155500123"], skip=["+541155500123"])) == []

    @pytest.mark.parametrize(
        "text", ["", f"{A}\n12\n", f"{A}\nAnn\n", f"{A},Ann\n", "phone\n\n12\n", "hello\n", "\x81"]
    )
    def test_a_file_with_anything_else_is_an_error(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "never.txt").write_text(text, encoding="latin-1")
        with pytest.raises(InvalidInput, match=r"never\.txt"):
            read_contacts([A], skip=tmp_path / "never.txt")

    @pytest.mark.parametrize("skip", ["/nowhere/never.txt", ["12"], [None], [float("nan")], 5, None, {A: 1}, b"x"])
    def test_what_is_no_list_of_numbers_is_an_error(self, skip: Any) -> None:
        with pytest.raises(InvalidInput):
            read_contacts([A], skip=skip)


class TestCommentedOut:
    @pytest.mark.parametrize("row", [f"#Ann,{A}", f"// Ann,{A}", f'"# Ann",{A}', f"<!-- Ann,{A}", f"-- Ann,{A}"])
    def test_a_row_is_no_contact(self, row: str) -> None:
        people = from_csv(f"name,phone\n{row}\n--,{B}\n")
        assert numbers(people) == [B]
        assert people.rejected[0].reason == "it is commented out; remove the mark if it is to be called"


class TestWhichColumn:
    @pytest.mark.parametrize(
        ("header", "row"),
        [
            ("Number,Phone (work)", f"1001,{A}"),
            ("Number,Phone", f"1001,{A}"),
            ("Nummer;Telefon privat", f"1001;{A}"),
            ("Mobile,Phone", f"yes,{A}"),
            ("Phone 1 - Value,Phone 2 - Value", f"{A},"),
            ("Number,Phone (work)", f"20240001,{A}"),
            ("Phone,Fax,Emergency phone,Agent phone", f"{A},{B},{C},{B}"),
            ("workPhone,To", f"{A},Ann"),
            ("Number,Amount", f"{A},12"),
        ],
    )
    def test_it_is_the_one_that_says_phone_and_holds_numbers(self, header: str, row: str) -> None:
        assert numbers(from_csv(f"{header}\n{row}\n")) == [A]

    @pytest.mark.parametrize(
        "header", ["Phone,Mobile", "Number,Phone (work)", "Phone (home),Phone (work)", "To,From", "Number,Kontakt"]
    )
    def test_of_two_that_hold_numbers_none_is_taken(self, header: str) -> None:
        with pytest.raises(InvalidInput, match="2 columns look like the phone number"):
            from_csv(f"{header}\n{A},{B}\n")

    @pytest.mark.parametrize("header", ["Emergency phone", "Fax", "Old phone", "Phone of agent"])
    def test_the_number_of_somebody_else_is_not_guessed(self, header: str) -> None:
        with pytest.raises(InvalidInput, match="no column looks like the phone number"):
            from_csv(f"{header},x\n{A},1\n")

    @pytest.mark.parametrize("country", ["GB", "gb", "UK", "United Kingdom", "Vereinigtes Königreich", "+44", "44"])
    def test_a_country_column_gives_the_region(self, country: str) -> None:
        people = from_csv(f"phone,Country\n020 7946 0018,{country}\n(212) 555-0123,\n", region="US")
        assert numbers(people) == ["+442079460018", A]
        assert people.contacts[0].fields == {"Country": country}

    def test_a_country_that_is_not_known_is_not_passed_over(self) -> None:
        people = from_csv(f"phone,Country\n020 7946 0018,Narnia\n{A},Narnia\n", region="GB")
        assert (numbers(people), [row.line for row in people.rejected]) == ([A], [2])


class TestOneSubscriber:
    def test_two_spellings_are_one_contact_in_a_list_and_in_a_draft(self) -> None:
        first, second = "+5491155500123", "+541155500123"
        people = read_contacts([first, second])
        assert len(people.contacts) == len(people.repeated) == 1
        contacts = [ContactDraft(phone_number=first), ContactDraft(phone_number=second)]
        kept, repeated = CampaignDraft(name="x", contacts=contacts, start=Start.HOLD).without_repetitions()
        assert len(kept.contacts) == len(repeated) == 1

    def test_whoever_is_there_in_another_spelling_is_not_added(self) -> None:
        first, second = (ContactDraft(phone_number=number) for number in ("+541155500123", "+5491155500123"))
        with unibatch.sandbox.serve() as sandbox, unibatch.connect(**sandbox.profile("truedy")) as client:
            draft = CampaignDraft(name="x", contacts=[first], start=Start.HOLD, agent_id="agt_1")
            added = client.add_contacts(client.create_campaign(draft).id, [second])
        assert (added.added, added.duplicates) == ((), (second,))


@pytest.mark.parametrize("provider", ["truedy", "techladder", "talkifai"])
@pytest.mark.parametrize("number", ["+19005550123", "+870773111632"])
def test_a_number_that_costs_extra_or_is_nobody_is_refused_unless_accepted(provider: str, number: str) -> None:
    draft = CampaignDraft(name="x", contacts=[ContactDraft(phone_number=n) for n in (A, number)], start=Start.NOW)
    findings = {finding.field: finding for finding in unibatch.preflight(draft, provider).findings}
    found = findings["contacts.phone_number"]
    assert found.is_obstacle()
    assert not found.is_obstacle(["contacts.phone_number"])
    assert number not in found.reason


def test_adding_such_a_number_is_refused_unless_accepted() -> None:
    premium = [ContactDraft(phone_number="+19005550123")]
    with unibatch.sandbox.serve() as sandbox, unibatch.connect(**sandbox.profile("truedy")) as client:
        campaign = client.create_campaign(
            CampaignDraft(name="x", contacts=[ContactDraft(phone_number=A)], start=Start.HOLD, agent_id="agt_1")
        )
        with pytest.raises(DraftRefused, match=r"contacts\.phone_number"):
            client.add_contacts(campaign.id, premium)
        assert len(client.add_contacts(campaign.id, premium, accept_loss=["contacts.phone_number"]).added) == 1


class TestOwnExport:
    def test_contacts_of_a_listing_come_back_and_nothing_else(self) -> None:
        with unibatch.sandbox.serve() as sandbox:
            for provider in ("truedy", "techladder", "talkifai"):
                with unibatch.connect(**sandbox.profile(provider)) as client:
                    self.check(client)

    def check(self, client: Client) -> None:
        listed = [
            contact for contact in client.list_contacts(next(iter(client.list_campaigns())).id) if contact.phone_valid
        ]
        rows = [unibatch.to_dict(contact) for contact in listed]
        own = read_contacts(listed)
        assert own.contacts
        for contact in own.contacts:
            like = next(each for each in listed if each.phone_number == contact.phone_number)
            assert (contact.name, contact.email, contact.external_id) == (like.name, like.email, like.external_id)
            assert contact.fields == like.fields
        assert read_contacts(rows).contacts == own.contacts
        lines = "\n".join(json.dumps(row) for row in rows)
        assert read_contacts(io.StringIO(lines), format="jsonl").contacts == own.contacts

    def test_the_csv_comes_back(self) -> None:
        text = (
            "id,provider,campaign_id,phone_number,name,fields,status,vendor_status,is_final,call_id,raw,anything\n"
            f'c1,truedy,b1,{A},Zoë,"{{""plan"":""pro"",""n"":1}}",failed,failed,true,k,"{{""id"":1}}",x\n'
        )
        people = from_csv(text)
        assert people.contacts == (ContactDraft(phone_number=A, name="Zoë", fields={"plan": "pro", "n": 1}),)
        assert people.columns["raw"] == people.columns["id"] == "-"


class TestEncodings:
    @pytest.mark.parametrize(
        ("encoding", "text"),
        [
            ("cp1250", "Łucja Dvořák;Żaneta Kos"),
            ("cp1251", "Иван;Ольга"),
            ("shift_jis", "田中;佐藤"),
            ("gbk", "王伟;李娜"),
            ("cp1253", "Γιώργος;Ελένη"),
            ("cp437", "René;Zoë"),
        ],
    )
    def test_what_is_hardly_text_is_refused_and_read_when_stated(self, encoding: str, text: str) -> None:
        data = f"Phone;Name;Note\n{A};{text}\n".encode(encoding)
        with pytest.raises(InvalidInput, match="state its encoding"):
            read_contacts(io.BytesIO(data))
        people = read_contacts(io.BytesIO(data), encoding=encoding)
        assert people.contacts[0].name == text.partition(";")[0]
        assert not people.encoding_guessed

    @pytest.mark.parametrize(
        "name", ["Zoë Müller", "¿Qué?", "«Bonjour»", "20 m²", "créée", "„deutsch“", "São João", "Š", "£5"]
    )
    def test_a_guess_that_is_text_is_told(self, name: str) -> None:
        people = read_contacts(io.BytesIO(f"Phone;Name\n{A};{name}\n".encode("cp1252")))
        assert (people.encoding, people.encoding_guessed, people.contacts[0].name) == ("cp1252", True, name)

    @pytest.mark.parametrize("encoding", ["latin-99", "rot13", "base64", "", 5])
    def test_a_name_that_is_no_encoding_is_refused(self, encoding: Any) -> None:
        with pytest.raises(InvalidInput, match="encoding"):
            read_contacts(io.BytesIO(b"phone\n"), encoding=encoding)

    @pytest.mark.parametrize("source", [io.StringIO("phone\n"), [A], io.BytesIO(b"phone\n\xff")])
    def test_where_it_is_wrong_or_means_nothing_it_is_refused(self, source: Any) -> None:
        with pytest.raises(InvalidInput):
            read_contacts(source, encoding="utf-8")


def workbook(**sheets: list[list[Any]]) -> bytes:
    """A minimal workbook: texts, numbers, truth values, and ("date", serial)."""

    def cell(value: Any) -> str:
        if isinstance(value, tuple):
            return f'<c s="1"><v>{value[1]}</v></c>'
        if isinstance(value, bool):
            return f'<c t="b"><v>{value:d}</v></c>'
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return "<c/>" if value is None else f"<c><v>{value!r}</v></c>"

    office, package = (
        "http://schemas.openxmlformats.org/officeDocument/2006",
        "http://schemas.openxmlformats.org/package/2006",
    )
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    names = list(sheets)
    relation = f'<Relationship Id="{{id}}" Type="{office}/relationships/{{kind}}" Target="{{target}}"/>'
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as book:
        first = relation.format(id="r", kind="officeDocument", target="xl/workbook.xml")
        book.writestr("_rels/.rels", f'<Relationships xmlns="{package}/relationships">{first}</Relationships>')
        rows = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, 1))
        book.writestr(
            "xl/workbook.xml", f'<workbook {main} xmlns:r="{office}/relationships"><sheets>{rows}</sheets></workbook>'
        )
        links = "".join(
            relation.format(id=f"r{n}", kind="worksheet", target=f"worksheets/s{n}.xml")
            for n in range(1, len(names) + 1)
        ) + relation.format(id="rs", kind="styles", target="styles.xml")
        book.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{links}</Relationships>'
        )
        book.writestr(
            "xl/styles.xml", f'<styleSheet {main}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
        )
        for n, name in enumerate(names, 1):
            data = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in sheets[name])
            book.writestr(f"xl/worksheets/s{n}.xml", f"<worksheet {main}><sheetData>{data}</sheetData></worksheet>")
        book.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"/>')
    return target.getvalue()


class TestWorkbooks:
    def test_cells_become_text(self, tmp_path: Path) -> None:
        rows: list[list[Any]] = [
            ["Phone", "Name", "Id", "Since", "DNC"],
            [12125550123, "Zoë", 7, ("date", 45429), None],
        ]
        rows += [[A.replace("3", "4"), None, 1.5, None, True], [("date", 45429), "Bob", None, None, False]]
        (tmp_path / "people.xlsx").write_bytes(workbook(People=rows, Empty=[]))
        people = read_contacts(tmp_path / "people.xlsx", region="US")
        (zoe,) = people.contacts
        assert zoe == ContactDraft(phone_number=A, name="Zoë", external_id="7", fields={"Since": "2024-05-17"})
        assert skipped(people) == [3]
        assert [(row.line, "it is a date" in row.reason) for row in people.rejected] == [(4, True)]

    def test_of_several_sheets_one_must_be_named(self) -> None:
        data = workbook(One=[["Phone"], [A]], Two=[["Phone"], [B]])
        with pytest.raises(InvalidInput, match=r"several sheets: 'One', 'Two'"):
            read_contacts(io.BytesIO(data))
        assert numbers(read_contacts(io.BytesIO(data), sheet="Two")) == [B]
        for sheet, encoding in (("Three", None), ("Two", "utf-8")):
            with pytest.raises(InvalidInput):
                read_contacts(io.BytesIO(data), sheet=sheet, encoding=encoding)
        with pytest.raises(InvalidInput, match="no workbook"):
            read_contacts(io.BytesIO(b"phone\n"), sheet="Two")

    def test_without_the_extra_it_is_said_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
        with pytest.raises(InvalidInput, match=r"unibatch\[xlsx\]"):
            read_contacts(io.BytesIO(workbook(One=[["Phone"], [A]])))


class NAType:
    """Like pandas.NA: neither equal nor unequal to anything."""

    def __ne__(self, other: object) -> bool:
        raise TypeError

    __hash__ = None  # type: ignore[assignment]  # never a key


class Frame:
    """Like a pandas.DataFrame."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.columns = type("Index", (), {"is_unique": True})()

    def to_dict(self, orient: str) -> list[dict[str, Any]]:
        assert orient == "records"
        return self.rows


class TestTablesInMemory:
    @pytest.mark.parametrize("nothing", [float("nan"), None, NAType()])
    def test_what_stands_for_nothing_is_an_empty_cell(self, nothing: object) -> None:
        rows = [
            {"Phone": A, "Name": nothing, "Id": 7.0, "Plan": nothing, "DNC": nothing},
            dict.fromkeys(["Phone"], nothing),
        ]
        sources: list[Any] = [rows, Frame(rows)]
        for source in sources:
            people = read_contacts(source)
            assert people.contacts == (ContactDraft(phone_number=A, external_id="7"),)
            assert (people.rejected, people.skipped) == ((), ())
        assert "there is no phone number" in read_contacts([{"Phone": nothing, "x": 1}]).rejected[0].reason


@pytest.mark.parametrize("header", ["Consent", "Opt-in", "opted_in", "mayCall", "OK to call?", "Einwilligung"])
@pytest.mark.parametrize(
    ("cell", "is_called"),
    [
        *(("no", False), ("No", False), ("0", False), ("false", False), ("withdrawn", False), ("opted out", False)),
        *(("yes", True), ("", True), ("-", True), ("n/a", True), ("2024-05-01", True), ("by phone", True)),
    ],
)
def test_who_has_not_consented_is_not_called(header: str, cell: str, *, is_called: bool) -> None:
    """The column stays custom data."""
    people = read_contacts([{"phone": "+12125550123", header: cell}])
    assert (len(people.contacts), len(people.skipped)) == ((1, 0) if is_called else (0, 1))
    assert people.columns[header] == f"fields.{header}"
