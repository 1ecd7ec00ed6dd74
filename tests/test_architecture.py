"""What the folders promise: one of them speaks HTTP, few know the vendors, and vendors know one module."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import unibatch

PACKAGE = Path(unibatch.__file__).parent
VENDORS = ("truedy", "techladder", "talkifai")
HTTP_LIBRARIES = {"httpx", "httpcore", "httpx2", "httpcore2", "requests", "urllib3", "aiohttp", "starlette"}


def modules(*folders: str) -> list[Path]:
    """The modules of some folders of the package."""
    return sorted(path for folder in folders for path in (PACKAGE / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The first part of the name of every module that is imported, at the top or inside of a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def docstrings(path: Path) -> set[int]:
    """The lines on which docstrings, and other texts that are statements of their own, begin."""
    return {
        node.value.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def code(path: Path) -> Iterator[tuple[int, str]]:
    """The tokens of a module, without comments and docstrings, each with its line."""
    explained = docstrings(path)
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        is_docstring = token.type == tokenize.STRING and token.start[0] in explained
        if token.type != tokenize.COMMENT and not is_docstring:
            yield token.start[0], token.string


def short(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_only_the_client_speaks_http() -> None:
    speakers = {short(path).split("/")[0] for path in modules(".") if imported(path) & HTTP_LIBRARIES}
    assert speakers == {"client"}


@pytest.mark.parametrize("path", modules("core", "client"), ids=short)
def test_neither_the_model_nor_the_client_knows_a_vendor(path: Path) -> None:
    assert [(line, text) for line, text in code(path) if any(vendor in text.lower() for vendor in VENDORS)] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_vendors_know_nothing_of_one_another(vendor: str) -> None:
    others = set(VENDORS) - {vendor}
    path = PACKAGE / "providers" / f"{vendor}.py"
    assert [(line, text) for line, text in code(path) if any(other in text.lower() for other in others)] == []


def of_unibatch(path: Path) -> set[str]:
    """The modules of this package that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            whole = {f"unibatch.{alias.name}" for alias in node.names}  # from unibatch import ...
            names |= whole if node.module == "unibatch" else {node.module or ""}
    return {name for name in names if name.split(".")[0] in {"unibatch", ""}}


EXAMPLES = [Path(__file__).parent / "contract" / f"{vendor}.py" for vendor in ("heron", "kestrel")]


@pytest.mark.parametrize("path", [*(PACKAGE / "providers" / f"{vendor}.py" for vendor in VENDORS), *EXAMPLES], ids=str)
def test_vendors_import_one_module_of_this_package(path: Path) -> None:
    assert of_unibatch(path) == {"unibatch.provider_api"}


def no_io() -> list[Path]:
    """What does no I/O; of the webhooks, only what remembers those that were seen does."""
    return [path for path in modules("core", "providers", "webhooks") if path.name != "seen.py"]


@pytest.mark.parametrize("path", no_io(), ids=short)
def test_what_does_no_io_cannot(path: Path) -> None:
    forbidden = {
        "socket",
        "ssl",
        "asyncio",
        "subprocess",
        "os",
        "pathlib",
        "time",
        "sqlite3",
    }  # a lock of `threading` is no I/O
    assert imported(path) & forbidden == set()


def test_only_the_testing_folder_needs_pytest() -> None:
    assert {short(path).split("/")[0] for path in modules(".") if "pytest" in imported(path)} == {"testing"}


def test_the_sandbox_does_not_read_what_it_checks() -> None:
    for path in modules("sandbox"):
        text = path.read_text(encoding="utf-8")
        assert "unibatch.providers" not in text
        assert "unibatch.client" not in text


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_file_can_be_read_at_one_sitting(vendor: str) -> None:
    path = PACKAGE / "providers" / f"{vendor}.py"
    text = path.read_text(encoding="utf-8")
    headings = [line.strip("# -") for line in text.splitlines() if line.startswith("# ") and line.endswith("---")]
    order = ["Wire types", "Status tables", "Capabilities", "Draft fields", "Transitions", "Webhooks", "Flows"]
    assert headings in (order, [heading for heading in order if heading != "Transitions"])
    assert len(text.splitlines()) < 800
