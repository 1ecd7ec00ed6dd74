"""The documentation is true, as far as a program can tell."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import runpy
import shlex
import sys
import textwrap
import tomllib
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import click
import msgspec
import pytest

import unibatch
from unibatch import config
from unibatch.cli import main
from unibatch.cli.app import cli
from unibatch.core.draft import CampaignDraft
from unibatch.core.findings import Fit
from unibatch.core.looking import LOOKS
from unibatch.core.provider import Provider
from unibatch.providers import registry, talkifai, techladder, truedy
from unibatch.sandbox import Sandbox, serve
from unibatch.workflows.migrate.decide import RULES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
KINDS: list[type[Provider]] = [registry.load(entry.name) for entry in registry.BUILT_IN]
SCRIPTS = sorted(path for path in (ROOT / "examples").glob("*.py") if not path.name.startswith("webhooks_"))
"""The examples that are run by themselves; the others are imported by a web server."""

NOT_GIVEN = "\N{EN DASH}"

SAMPLE_ID = "batch_c3d4e5f6"
"""The id of a campaign in all examples; it stands for the first one in the sandbox."""

OTHER_PROGRAMS = {"curl", "export", "head", "jq", "printf", "source"}
"""What examples use beside unibatch and what belongs to this repository."""


def blocks(language: str) -> list[Any]:
    """Every block of code in one language, named by its page and line."""
    fence = re.compile(rf"^(?P<indent> *)```{language}\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in fence.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            name = f"{page.relative_to(ROOT)}:{line}"
            found.append(pytest.param(textwrap.dedent(match["code"]), id=name))
    return found


def page_params() -> list[Any]:
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]


def table_after(page: str, marker: str) -> list[list[str]]:
    """The rows of the first table behind a comment, without its head."""
    behind = (ROOT / page).read_text(encoding="utf-8").partition(f"<!-- {marker} -->")[2]
    lines = behind.strip().partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with serve() as sandbox:
        yield sandbox


@pytest.fixture
def profiles(server: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox in its seeded state, with profiles named like the vendors, and ``main``; people.csv is there, too."""
    server.reset()
    vendors = server.toml().replace("[profiles.sandbox-", "[profiles.").partition("\n\n")[2]
    truedy = vendors.partition("[profiles.techladder]")[0]
    main = truedy.replace("[profiles.truedy", "[profiles.main")
    text = f'default = "main"\n\n{main}{vendors}'
    (tmp_path / "unibatch.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("UNIBATCH_CONFIG", str(tmp_path / "unibatch.toml"))
    (people,) = blocks("csv")
    (tmp_path / "people.csv").write_text(people.values[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)  # where examples read and write files
    return server


class TestPages:
    @pytest.mark.parametrize("page", page_params())
    def test_links_lead_somewhere(self, page: Path) -> None:
        """To a file of this repository and, where they name one, to a heading in it."""
        text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        broken = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not leads_somewhere(page, link)]
        assert broken == []

    @pytest.mark.parametrize("page", page_params())
    def test_files_that_are_named_exist(self, page: Path) -> None:
        """From the top of the repository, or of the package."""
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"(?<![\w/.:<-])((?:[a-z_]+/)+(?:[a-z_]+\.(?:py|md))?)(?![\w.<-])", text)
        assert [path for path in named if not (ROOT / path).exists() and not (ROOT / "unibatch" / path).exists()] == []

    def test_every_benchmark_is_listed_and_explained(self) -> None:
        """docs/performance.md names what ``make bench`` runs."""
        page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
        run = re.findall(r"python benchmarks/(\w+\.py)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert re.findall(r"^\$ python benchmarks/(\w+\.py)$", page, re.MULTILINE) == run
        assert set(re.findall(r"^\| `(\w+\.py)` \|", page, re.MULTILINE)) == set(run)

    def test_readme_links_to_every_page(self) -> None:
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        assert [page.name for page in PAGES[1:] if f"{page.relative_to(ROOT)})" not in readme] == []


def leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    return link.startswith("https://") or (target.is_file() and (not anchor or anchor in anchors(target)))


def anchors(page: Path) -> set[str]:
    """The anchors that a Markdown viewer gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


class TestCode:
    @pytest.mark.parametrize("code", blocks("python"))
    def test_python_runs(self, code: str, profiles: Sandbox) -> None:
        """Each block runs by itself against the sandbox, and each test in it passes."""
        if "RateLimited" in code:  # whoever handles it shall meet it
            profiles.fail(status=429, retry_after=0)
        code = code.replace(SAMPLE_ID, profiles.campaign_ids("truedy")[0])
        scope: dict[str, Any] = {"__name__": "documentation"}
        result = eval(compile(code, "documentation", "exec", PyCF_ALLOW_TOP_LEVEL_AWAIT), scope)
        if inspect.iscoroutine(result):
            asyncio.run(result)
        for name, value in scope.items():
            if name.startswith("test_"):
                value(profiles)

    @pytest.mark.parametrize("text", blocks("toml"))
    def test_toml_loads(self, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each block is TOML, and what is a unibatch.toml can be connected with once the keys are there."""
        profiles = tomllib.loads(text).get("profiles", {})
        (tmp_path / "unibatch.toml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("UNIBATCH_CONFIG", str(tmp_path / "unibatch.toml"))
        for variable in re.findall(r'\{ env = "(\w+)" \}', text):
            monkeypatch.setenv(variable, "a-text")
        for name, profile in profiles.items():
            source = profile["api_key"]
            if "env" in source:
                monkeypatch.setenv(source["env"], "a-key")
            else:
                path = tmp_path / source["file"]
                path.parent.mkdir(exist_ok=True)
                path.write_text("a-key\n", encoding="utf-8")
            with unibatch.connect(name) as client:
                assert client.provider == profile["provider"]

    @pytest.mark.parametrize("text", blocks("console"))
    def test_commands_exist(self, text: str) -> None:
        """Each command that stands behind a prompt has the options and arguments that it is given."""
        for line in text.splitlines():
            if line.startswith("$ "):
                for program, *arguments in commands(line.removeprefix("$ ")):
                    check_command(program, arguments)


def commands(line: str) -> Iterator[list[str]]:
    """The commands of a line of shell, without comments, variables and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|>&;")
    lexer.whitespace_split = True
    command: list[str] = []
    for token in lexer:
        if token in {"|", "&&", ";"}:
            yield command
            command = []
        elif token in {">", ">>"}:
            next(lexer)
        elif command or not re.match(r"[A-Z_]+=", token):
            command.append(token)
    yield command


def check_command(program: str, arguments: list[str]) -> None:
    if program == "unibatch":
        context = click.Context(
            cli, info_name="unibatch", **cli.context_settings
        )  # a command keeps its names of --help
        command: click.Command = cli
        while isinstance(command, click.Group):
            rest = command.make_parser(context).parse_args(arguments)[1]
            name, found, arguments = command.resolve_command(context, rest)
            assert found is not None
            command, parent = found, context
            context = click.Context(command, info_name=name, parent=parent)
        command.make_context(context.info_name, arguments, parent=parent)
    elif program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert [target for target in arguments if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    elif program == "python":
        assert (ROOT / arguments[0]).is_file()
    elif program == "pip":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = re.findall(r"(?:unibatch|\.)\[([\w,]+)\]", " ".join(arguments))
        assert {extra for found in extras for extra in found.split(",")} <= set(project["optional-dependencies"])
    else:
        assert program in OTHER_PROGRAMS


class TestFirstSteps:
    @pytest.mark.parametrize("place", [("README.md", "first steps"), ("docs/migrate.md", "migration steps")])
    def test_they_can_be_typed(
        self,
        place: tuple[str, str],
        server: Sandbox,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Each command of the steps on a page succeeds after those before it, and prints what is shown."""
        server.reset()
        (tmp_path / "unibatch.toml").write_text(server.toml(), encoding="utf-8")
        monkeypatch.delenv("UNIBATCH_CONFIG", raising=False)
        monkeypatch.chdir(tmp_path)
        name, marker = place
        page = (ROOT / name).read_text(encoding="utf-8")
        steps = page.partition(f"<!-- {marker} -->")[2].partition("<!-- end -->")[0]
        typed = re.findall(r"^\$ (.*)\n((?:(?!\$ |```).*\n)*)", steps, flags=re.MULTILINE)
        assert len(typed) > 0
        for command, shown in typed:
            (words,) = commands(command)
            take_step(words, server)
            out, err = capsys.readouterr()
            assert not shown or f"{err}{out}" == shown


def take_step(words: list[str], sandbox: Sandbox) -> None:
    """Do what a shell does with a command of the first steps."""
    program, *arguments = words
    if program == "unibatch":
        assert main(arguments) == 0
    elif program == "printf":
        form, *lines = arguments
        assert form == r"%s\n"
        Path("people.csv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    else:
        assert (program, arguments[2]) == ("curl", "http://127.0.0.1:8080/_sandbox/advance")
        sandbox.advance(**json.loads(arguments[1]))


class TestTables:
    def test_statuses_are_up_to_date(self) -> None:
        """If this fails: python docs/generate_statuses.py."""
        script = runpy.run_path(str(ROOT / "docs" / "generate_statuses.py"))
        assert (ROOT / "docs" / "statuses.md").read_text(encoding="utf-8") == script["render"]()

    def test_metrics_are_up_to_date(self) -> None:
        """If this fails: python docs/generate_metrics.py."""
        script = runpy.run_path(str(ROOT / "docs" / "generate_metrics.py"))
        page = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
        assert page == script["render"](page)

    def test_writing_is_up_to_date(self) -> None:
        """If this fails: python docs/generate_writing.py."""
        script = runpy.run_path(str(ROOT / "docs" / "generate_writing.py"))
        page = (ROOT / "docs" / "writing.md").read_text(encoding="utf-8")
        assert page == script["render"](page)
        assert [fit for fit in Fit if f"\n| `{fit}` |" not in page] == []

    def test_writing_names_every_field_of_a_draft(self) -> None:
        """The table of docs/writing.md has every attribute of a draft, but for those that have tables of their own."""
        named = {re.findall(r"`(\w+)", row[0])[0] for row in table_after("docs/writing.md", "fields")}
        fields = {field.name.strip("_") for field in attrs.fields(CampaignDraft)}
        assert fields - named == {"contacts", "vendor"}

    def test_writing_says_when_it_looks(self) -> None:
        page = " ".join((ROOT / "docs" / "writing.md").read_text(encoding="utf-8").split())
        first, second, third = (f"{pause:g}" for pause in LOOKS)
        assert f"after {first}, {second} and {third} more seconds" in page
        assert f"begin {first} seconds and end some {sum(LOOKS):g} seconds later" in page

    @pytest.mark.parametrize(
        ("marker", "fields", "wires"),
        [
            ("contact attributes", "contact_fields", (truedy.BatchContact, techladder.Call, talkifai.JobContact)),
            ("campaign attributes", "campaign_fields", (truedy.BatchCall, techladder.Batch, talkifai.Job)),
        ],
    )
    def test_model_names_what_vendors_fill(
        self, marker: str, fields: str, wires: tuple[type[msgspec.Struct], ...]
    ) -> None:
        """The tables of docs/model.md agree with the capabilities, and name keys that the providers read."""
        rows = table_after("docs/model.md", marker)
        for column, (kind, wire) in enumerate(zip(KINDS, wires, strict=True), start=1):
            filled = {row[0].strip("`").partition(".")[0] for row in rows if row[column] != NOT_GIVEN}
            named = {key for row in rows for key in re.findall(r"`(\w+)[.`]", row[column])}
            assert filled == getattr(kind.capabilities, fields)
            assert named - set(wire.__struct_fields__) == set()

    def test_paging_is_that_of_the_providers(self) -> None:
        expected = [
            [
                f"{kind.title}, {what}",
                "offset, from 0" if paging.style == "offset" else "page, from 1",
                str(paging.max_size),
                f"`{paging.size_param}`, `{paging.position_param}`",
            ]
            for kind in KINDS
            for can in [kind.capabilities]
            for what, paging in (("campaigns", can.campaign_paging), ("contacts", can.contact_paging))
        ]
        assert table_after("docs/listings.md", "paging") == expected

    def test_decisions_are_those_of_a_migration(self) -> None:
        assert table_after("docs/migrate.md", "decisions") == [
            [
                f"`{status}`",
                "yes" if rule.moves else "never" if rule.fixed else "with `--accept-risk`" if rule.risk else "no",
                rule.reason,
            ]
            for status, rule in RULES.items()
        ]

    def test_settings_are_those_of_the_providers(self) -> None:
        assert table_after("docs/configuration.md", "settings") == [
            [f"`{kind.name}`", f"`{name}`", setting.purpose, "yes" if setting.in_draft else NOT_GIVEN]
            for kind in KINDS
            for name, setting in kind.profile_settings().items()
        ]

    def test_profile_keys_are_those_that_are_read(self) -> None:
        documented = [row[0].strip("`") for row in table_after("docs/configuration.md", "profile keys")]
        assert sorted(documented) == sorted(field.name for field in config.ProfileSetting.__attrs_attrs__)

    def test_errors_are_all_there(self) -> None:
        """The tree in docs/errors.md has every public error, and no other."""
        tree = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").split("```")[1]
        public = {name: getattr(unibatch, name) for name in unibatch.__all__}
        errors = {name for name, value in public.items() if isinstance(value, type) and issubclass(value, Exception)}
        assert set(re.findall(r"^[ │├└─]*([A-Z]\w+)", tree, flags=re.MULTILINE)) == errors

    def test_commands_are_all_there(self) -> None:
        page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
        assert re.findall(r"^\| `unibatch (\w+)", page, flags=re.MULTILINE) == cli.list_commands(click.Context(cli))


RunScript: TypeAlias = Callable[..., tuple[Any, str, str]]


@pytest.fixture
def run_script(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunScript:
    """Runs an example; gives its exit code and what it wrote to stdout and stderr."""

    def run_script(name: str, *arguments: str) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")
        return (ended.value.code, *capsys.readouterr())

    return run_script


class TestExamples:
    @pytest.mark.parametrize(
        ("script", "shown"),
        [
            ("switch_vendor.py", "of 1300 contacts may still be called"),
            ("compare_outcomes.py", "invalid_number"),
            ("unreached_to_csv.py", "techladder:sched_"),
        ],
    )
    def test_script_runs(self, script: str, shown: str, profiles: Sandbox, run_script: RunScript) -> None:
        """Each script reads a campaign of each vendor, named on its command line."""
        addresses = [f"{vendor}:{profiles.campaign_ids(vendor)[0]}" for vendor in profiles.vendors]
        code, out, err = run_script(script, *addresses)
        assert (code, err) == (0, "")
        assert shown in out

    def test_place_campaign_starts_some_minutes_later_at_each_vendor(
        self, tmp_path: Path, run_script: RunScript
    ) -> None:
        file = tmp_path / "people.csv"
        file.write_text("Phone;Name\n020 7946 0018;Ada King\n+44 20 7946 0019;Grace Hill\n", encoding="utf-8")
        code, out, err = run_script("place_campaign.py", str(file))
        dialled = re.findall(r"^(\w+): (\d+) people dialled after (?:9|12) minutes$", out, flags=re.MULTILINE)
        assert (code, err) == (0, "")
        assert dialled == [(vendor, number) for vendor in ("truedy", "techladder", "talkifai") for number in ("0", "2")]
        assert out.count("1 contact removed") == 3
        assert out.count("placed again, it is the same") == 3

    def test_place_campaign_places_nobody_while_a_row_is_no_contact(
        self, tmp_path: Path, run_script: RunScript
    ) -> None:
        file = tmp_path / "people.csv"
        file.write_text("Phone;Name\n020 7946 0018;Ada King\n12;Grace Hill\n", encoding="utf-8")
        code, out, err = run_script("place_campaign.py", str(file))
        assert (code, out) == (1, "")
        assert "people.csv line 3: " in err

    @pytest.mark.parametrize("script", [path.name for path in SCRIPTS])
    def test_script_says_how_it_is_used(self, script: str, run_script: RunScript) -> None:
        code, _, err = run_script(script)
        assert code == 2
        assert f"usage: {script}" in err
