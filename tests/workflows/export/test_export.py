"""One file of any campaigns: complete or not there, and the same however often it was interrupted."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import attrs
import openpyxl
import pyarrow.parquet as pq
import pytest

import unibatch
from tests.bothways import ONE_CLIENT, VENDORS, AnyClient
from tests.cli.running import raising
from tests.workflows.export.conftest import FORMATS, Export
from unibatch import ConfigError, IncompleteListing, InvalidInput, NotFound, read_contacts, to_dict
from unibatch.core.columns import COLUMNS, VERSION
from unibatch.sandbox import Sandbox
from unibatch.workflows.export.files import Target
from unibatch.workflows.export.formats import FORMATS as WRITERS

SIZES = {"truedy": 250, "techladder": 1_200, "talkifai": 3}


class Killed(BaseException):
    """The process ends here."""


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def spool_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.unibatch-spool")


@pytest.fixture
def campaigns(sandbox: Sandbox, client: Callable[[str], AnyClient]) -> list[tuple[AnyClient, str]]:
    """Two campaigns of each vendor, those of one vendor beside each other."""
    made = []
    for vendor, size in SIZES.items():
        at = client(vendor)
        made += [(at, sandbox.create(vendor, number, name=f"March {number}")) for number in (size, 5)]
    return made


def ids(campaigns: list[tuple[AnyClient, str]]) -> list[str]:
    return [contact.id for client, campaign_id in campaigns for contact in client.list_contacts(campaign_id)]


def ids_in(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]


class TestAFile:
    def test_it_has_every_contact_of_every_vendor_in_order(
        self, campaigns: list[tuple[AnyClient, str]], export: Export, tmp_path: Path
    ) -> None:
        exported = export(campaigns, tmp_path / "all.jsonl")
        rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()]
        expected = []
        for client, campaign_id in campaigns:
            for contact in map(to_dict, client.list_contacts(campaign_id)):
                custom = {f"field.{name}": value for name, value in contact["fields"].items()}
                expected.append({column.name: contact[column.name] for column in COLUMNS} | custom)

        assert rows == expected
        assert (exported.contacts, exported.is_complete, exported.format) == (len(rows), True, "jsonl")
        assert [campaign.contacts for campaign in exported.campaigns] == [250, 5, 1_200, 5, 3, 5]
        assert files(tmp_path) == ["all.jsonl"], "neither spool nor lock are left"

    @ONE_CLIENT
    @pytest.mark.parametrize("form", FORMATS)
    def test_the_same_contacts_give_the_same_bytes(
        self, campaigns: list[tuple[AnyClient, str]], export: Export, tmp_path: Path, form: str
    ) -> None:
        for name in "ab":
            export(campaigns, tmp_path / f"{name}.{form}")
        assert (tmp_path / f"a.{form}").read_bytes() == (tmp_path / f"b.{form}").read_bytes()

    @ONE_CLIENT
    @pytest.mark.parametrize("fields", ["columns", "json"])
    @pytest.mark.parametrize("form", FORMATS)
    def test_its_contacts_are_read_back_and_nothing_else(
        self, campaigns: list[tuple[AnyClient, str]], export: Export, tmp_path: Path, form: str, fields: str
    ) -> None:
        path = tmp_path / f"all.{form}"
        export(campaigns, path, fields=fields)
        everybody = [contact for client, campaign_id in campaigns for contact in client.list_contacts(campaign_id)]
        back, expected = read_contacts(path), read_contacts(everybody)

        assert back.contacts == expected.contacts
        assert (back.rejected, len(back.repeated)) == ((), len(expected.repeated))

    @ONE_CLIENT
    def test_an_empty_campaign_gives_a_file_without_rows(
        self, sandbox: Sandbox, client: Callable[[str], AnyClient], export: Export, tmp_path: Path
    ) -> None:
        campaign = client("truedy"), sandbox.create("truedy", 0, name="Nobody")
        for form in FORMATS:
            export([campaign], tmp_path / f"none.{form}")

        assert (tmp_path / "none.csv").read_bytes().count(b"\r\n") == 1
        assert (tmp_path / "none.jsonl").read_bytes() == b""
        assert pq.read_table(tmp_path / "none.parquet").column_names == [column.name for column in COLUMNS]

    @ONE_CLIENT
    def test_it_states_the_schema_and_whether_it_is_complete(
        self, campaigns: list[tuple[AnyClient, str]], export: Export, tmp_path: Path
    ) -> None:
        for form in ("parquet", "xlsx"):
            export(campaigns, tmp_path / f"all.{form}")
        in_parquet = pq.read_schema(tmp_path / "all.parquet").metadata
        in_workbook = openpyxl.load_workbook(tmp_path / "all.xlsx").custom_doc_props

        assert in_parquet[b"unibatch.schema"] == str(VERSION).encode() == in_workbook["unibatch.schema"].value.encode()
        assert in_parquet[b"unibatch.complete"] == b"true" == in_workbook["unibatch.complete"].value.encode()

    @ONE_CLIENT
    def test_only_its_owner_can_read_a_new_file_and_one_that_is_there_keeps_its_mode(
        self, campaigns: list[tuple[AnyClient, str]], export: Export, tmp_path: Path
    ) -> None:
        (tmp_path / "old.csv").write_text("old")
        (tmp_path / "old.csv").chmod(0o644)
        (tmp_path / "link.csv").symlink_to(tmp_path / "old.csv")
        export(campaigns[-1:], tmp_path / "new.csv")
        export(campaigns[-1:], tmp_path / "link.csv")

        assert [(tmp_path / f"{name}.csv").stat().st_mode & 0o777 for name in ("new", "old")] == [0o600, 0o644]
        assert (tmp_path / "link.csv").is_symlink()
        assert (tmp_path / "old.csv").read_text(encoding="utf-8").startswith("provider,")


class TestInterruptions:
    @pytest.mark.parametrize(("style", "form"), [(("sync", "async")[form == "jsonl"], form) for form in FORMATS])
    def test_killed_again_and_again_it_is_the_file_of_an_undisturbed_run(
        self, campaigns: list[tuple[AnyClient, str]], export: Export, tmp_path: Path, form: str
    ) -> None:
        """Each time while a page is kept or while the file is written; the end of the spool may be cut off, too."""
        random = Random(form)
        undisturbed, path = tmp_path / f"undisturbed.{form}", tmp_path / f"killed.{form}"
        export(campaigns, undisturbed)
        left = 0

        def die(*_: object) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        kills = 0
        while kills < 20:
            left = random.randrange(6)
            try:
                export(campaigns, path, resume=True, on_progress=die)
            except Killed:
                kills += 1
                assert not path.exists()
                spool = spool_of(path)
                if random.random() < 0.5:
                    os.truncate(spool, max(0, spool.stat().st_size - random.randrange(1, 200_000)))
            else:
                assert path.read_bytes() == undisturbed.read_bytes()
                path.unlink()
        export(campaigns, path, resume=True)

        assert path.read_bytes() == undisturbed.read_bytes()
        assert files(tmp_path) == sorted([path.name, undisturbed.name])

    def test_only_the_rest_is_asked_for(
        self, sandbox: Sandbox, campaigns: list[tuple[AnyClient, str]], export: Export, tmp_path: Path
    ) -> None:
        before = len(sandbox.requests)
        export(campaigns, tmp_path / "once.jsonl")
        undisturbed = len(sandbox.requests) - before
        sandbox.fail("techladder", path="page=2|contacts|items|calls", after=1, status=500, times=1)
        before = len(sandbox.requests)
        with pytest.raises(unibatch.ServerError) as failed:
            export(campaigns, tmp_path / "twice.jsonl")
        kept = len(sandbox.requests) - before
        assert "--resume" in failed.value.__notes__[0]
        export(campaigns, tmp_path / "twice.jsonl", resume=True)

        assert kept < undisturbed
        assert len(sandbox.requests) - before <= undisturbed + 3, "what was under way is asked for again"
        assert (tmp_path / "twice.jsonl").read_bytes() == (tmp_path / "once.jsonl").read_bytes()

    @pytest.mark.parametrize("change", ["remove", "insert"])
    def test_rows_that_move_in_between_are_neither_lost_nor_repeated(
        self, sandbox: Sandbox, client: Callable[[str], AnyClient], export: Export, tmp_path: Path, change: str
    ) -> None:
        campaign = client("truedy"), sandbox.create("truedy", 450, name="March")
        path = tmp_path / "moved.jsonl"
        with pytest.raises(Killed):
            export([campaign], path, on_progress=lambda _, seen, __: seen < 200 or raising(Killed())())
        sandbox.between_pages("truedy", campaign[1], **{change: 120}, after_page=1, where="front")
        exported = export([campaign], path, resume=True)
        found, there = ids_in(path), ids([campaign])

        assert exported.is_complete
        assert len(found) == len(set(found))
        assert set(there) <= set(found)

    @ONE_CLIENT
    def test_without_resume_it_begins_anew(
        self, sandbox: Sandbox, campaigns: list[tuple[AnyClient, str]], export: Export, tmp_path: Path
    ) -> None:
        path = tmp_path / "all.jsonl"
        with pytest.raises(Killed):
            export(campaigns, path, on_progress=raising(Killed()))
        before = len(sandbox.requests)
        export(campaigns[-1:], path)

        assert len(ids_in(path)) == 5
        assert len(sandbox.requests) - before == 1

    @ONE_CLIENT
    def test_what_was_kept_of_other_campaigns_is_refused(
        self, campaigns: list[tuple[AnyClient, str]], export: Export, tmp_path: Path
    ) -> None:
        path = tmp_path / "all.jsonl"
        with pytest.raises(Killed):
            export(campaigns, path, on_progress=raising(Killed()))
        with pytest.raises(InvalidInput, match="other campaigns"):
            export(campaigns[:1], path, resume=True)
        assert files(tmp_path) == [spool_of(path).name]

    @ONE_CLIENT
    def test_a_campaign_that_fails_loses_nothing_of_the_others(
        self, sandbox: Sandbox, client: Callable[[str], AnyClient], export: Export, tmp_path: Path
    ) -> None:
        at = client("truedy")
        campaigns = [(at, sandbox.create("truedy", 30, name="A")), (at, "batch_none")]
        with pytest.raises(NotFound) as failed:
            export(campaigns, tmp_path / "all.csv")

        assert failed.value.__notes__[0].startswith("30 contacts are kept in .all.csv.unibatch-spool")
        assert spool_of(tmp_path / "all.csv").stat().st_mode & 0o777 == 0o600

    @ONE_CLIENT
    def test_nothing_is_kept_where_nothing_was_read(
        self, client: Callable[[str], AnyClient], export: Export, tmp_path: Path
    ) -> None:
        with pytest.raises(NotFound) as failed:
            export([(client("truedy"), "batch_none")], tmp_path / "all.csv")

        assert not hasattr(failed.value, "__notes__")
        assert files(tmp_path) == []

    @ONE_CLIENT
    @pytest.mark.parametrize("form", FORMATS)
    def test_a_full_disk_leaves_the_old_file_and_what_was_read(
        self,
        campaigns: list[tuple[AnyClient, str]],
        export: Export,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        form: str,
    ) -> None:
        path = tmp_path / f"all.{form}"
        path.write_text("old")
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", raising(OSError(errno.ENOSPC, "No space left on device")))
            with pytest.raises(OSError, match="No space left"):
                export(campaigns, path)
        assert path.read_text() == "old"
        assert files(tmp_path) == [spool_of(path).name, path.name]
        export(campaigns, path, resume=True)
        assert files(tmp_path) == [path.name]

    @ONE_CLIENT
    def test_what_was_kept_and_is_damaged_before_the_file_is_made_gives_no_file(
        self, campaigns: list[tuple[AnyClient, str]], export: Export, tmp_path: Path
    ) -> None:
        path = tmp_path / "all.jsonl"

        def damage(reference: str, *_: object) -> None:
            if reference.startswith("talkifai"):
                os.truncate(spool_of(path), 5_000)

        with pytest.raises(InvalidInput, match="was damaged while"):
            export(campaigns, path, on_progress=damage)
        assert files(tmp_path) == [spool_of(path).name]
        export(campaigns, path, resume=True)
        assert ids_in(path) == ids(campaigns)


class TestIncompleteListings:
    @pytest.fixture
    def incomplete(self, sandbox: Sandbox, client: Callable[[str], AnyClient]) -> list[tuple[AnyClient, str]]:
        """Two campaigns, of which the second announces more rows than it has."""

        def announce_more(_: object, body: Any) -> Any:
            body["pagination"]["total"] += 7
            return body

        at = client("truedy")
        campaigns = [(at, sandbox.create("truedy", number, name=f"March {number}")) for number in (20, 30)]
        sandbox.fail("truedy", path=f"{campaigns[1][1]}/contacts", edit=announce_more, times=None)
        return campaigns

    def test_no_file_is_made_unless_it_is_accepted(
        self, incomplete: list[tuple[AnyClient, str]], export: Export, tmp_path: Path
    ) -> None:
        path = tmp_path / "all.parquet"
        with pytest.raises(IncompleteListing, match="no file was made"):
            export(incomplete, path)
        assert files(tmp_path) == [spool_of(path).name]
        exported = export(incomplete, path, resume=True, accept_incomplete=True)

        assert [campaign.is_complete for campaign in exported.campaigns] == [True, False]
        assert exported.campaigns[1].incomplete_because
        assert (exported.contacts, exported.is_complete) == (50, False)
        assert pq.read_schema(path).metadata[b"unibatch.complete"] == b"false"

    def test_the_campaign_is_read_from_its_front_again(
        self, sandbox: Sandbox, incomplete: list[tuple[AnyClient, str]], export: Export, tmp_path: Path
    ) -> None:
        with pytest.raises(IncompleteListing):
            export(incomplete, tmp_path / "all.jsonl")
        sandbox.clear_faults()
        before = len(sandbox.requests)
        exported = export(incomplete, tmp_path / "all.jsonl", resume=True)

        assert exported.is_complete
        assert ids_in(tmp_path / "all.jsonl") == ids(incomplete)
        assert [incomplete[0][1] in request.path for request in sandbox.requests[before : before + 1]] == [False]

    def test_an_incomplete_part_that_was_accepted_once_is_not_taken_without_that_word(
        self, sandbox: Sandbox, incomplete: list[tuple[AnyClient, str]], export: Export, tmp_path: Path
    ) -> None:
        path = tmp_path / "all.csv"
        behind = incomplete[0][0], "batch_none"
        sandbox.fail("truedy", path="batch_none", status=500, times=None)
        with pytest.raises(unibatch.ServerError):
            export([*incomplete, behind], path, accept_incomplete=True)
        with pytest.raises(IncompleteListing):
            export([*incomplete, behind], path, resume=True)

        assert files(tmp_path) == [spool_of(path).name]


@ONE_CLIENT
class TestRefusals:
    """Before anything is sent."""

    @pytest.mark.parametrize(
        ("to", "how", "part"),
        [
            ("all.doc", {}, "does not say its format; end it with one of .csv, .jsonl"),
            ("all", {}, "does not say its format"),
            ("all.csv", {"format": "doc"}, "format must be one of csv, jsonl"),
            ("all.csv", {"fields": "rows"}, "fields must be"),
            ("all.xlsx", {"excel": True}, "is for CSV"),
            ("nowhere/all.csv", {}, "there is no folder"),
            (".", {"format": "csv"}, "is not a file"),
            ("", {"format": "csv"}, "must be the path of a file"),
            ("a\0.csv", {}, "cannot write"),
        ],
    )
    def test_a_file_that_cannot_be_made(
        self,
        sandbox: Sandbox,
        campaigns: list[tuple[AnyClient, str]],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        *,
        to: str,
        how: dict[str, Any],
        part: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InvalidInput, match=part):
            unibatch.export(campaigns, to, **how)
        assert (sandbox.requests, files(tmp_path)) == ((), [])

    def test_a_folder_that_cannot_be_written_to(
        self, campaigns: list[tuple[AnyClient, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)  # whoever is root may write anywhere
        with pytest.raises(InvalidInput, match="cannot be written to"):
            unibatch.export(campaigns, tmp_path / "all.csv")

    @pytest.mark.parametrize(
        ("form", "package", "extra"), [("parquet", "pyarrow", "arrow"), ("xlsx", "xlsxwriter", "xlsx")]
    )
    def test_a_format_whose_package_is_missing(
        self,
        campaigns: list[tuple[AnyClient, str]],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        *,
        form: str,
        package: str,
        extra: str,
    ) -> None:
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ConfigError, match=rf"unibatch\[{extra}\]"):
            unibatch.export(campaigns, tmp_path / f"all.{form}")
        assert files(tmp_path) == []

    def test_campaigns_that_are_none(self, campaigns: list[tuple[AnyClient, str]], tmp_path: Path) -> None:
        client, campaign_id = campaigns[0]
        given: list[tuple[Any, str]] = [
            ([], "at least one campaign"),
            ("no-colon", "PROFILE:CAMPAIGN_ID"),
            ((client, " "), "not blank"),
            (7, "one campaign or several"),
            ([7], "PROFILE:CAMPAIGN_ID"),
            ([(client, campaign_id)] * 2, "the same campaign"),
            ([("not a client", campaign_id)], "PROFILE:CAMPAIGN_ID"),
        ]
        for wrong, part in given:
            with pytest.raises(InvalidInput, match=part):
                unibatch.export(wrong, tmp_path / "all.csv")

    def test_a_file_that_another_export_is_writing(
        self, sandbox: Sandbox, campaigns: list[tuple[AnyClient, str]], tmp_path: Path
    ) -> None:
        with Target.of(tmp_path / "all.csv").locked(), pytest.raises(InvalidInput, match="another export"):
            unibatch.export(campaigns, tmp_path / "all.csv")
        assert sandbox.requests == ()

    @pytest.mark.skipif(sys.platform != "linux", reason="a folder that says it can be written to, and cannot")
    def test_a_folder_in_which_no_file_can_be_made(
        self, sandbox: Sandbox, campaigns: list[tuple[AnyClient, str]]
    ) -> None:
        with pytest.raises(InvalidInput, match=r"cannot write /proc/all\.csv: "):
            unibatch.export(campaigns, "/proc/all.csv")
        assert sandbox.requests == ()

    def test_more_contacts_than_a_sheet_holds(
        self, campaigns: list[tuple[AnyClient, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small = attrs.evolve(WRITERS["xlsx"], most_rows=100)
        monkeypatch.setattr("unibatch.workflows.export.exporting.format_of", lambda *_: small)
        with pytest.raises(InvalidInput, match="holds 100 contacts, and there are more"):
            unibatch.export(campaigns, tmp_path / "all.xlsx")
        assert not (tmp_path / "all.xlsx").exists()


@ONE_CLIENT
def test_a_client_of_the_other_kind_is_refused(campaigns: list[tuple[AnyClient, str]], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="use a AsyncClient here"):
        asyncio.run(unibatch.export_async(campaigns, tmp_path / "all.csv"))


def test_every_vendor_is_tried() -> None:
    assert tuple(SIZES) == VENDORS


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("folder.csv", "cannot write {}: it is not a file"),
        ("pipe.csv", "cannot write {}: it is not a file"),
        ("loop.csv", "cannot write "),  # what is said differs between versions of Python
    ],
)
def test_what_stands_there_and_is_no_file(tmp_path: Path, to: str, message: str) -> None:
    reading, writing = os.pipe()
    try:
        (tmp_path / "folder.csv").mkdir()
        (tmp_path / "pipe.csv").symlink_to(f"/dev/fd/{writing}")
        (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
        with pytest.raises(InvalidInput) as refused:
            unibatch.export("main:batch_1", tmp_path / to)
    finally:
        os.close(reading)
        os.close(writing)
    assert str(refused.value).startswith(message.format(tmp_path / to))
