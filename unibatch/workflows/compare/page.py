"""One comparison as one self-contained page: charts, the tables behind them, and what the figures mean.

The page loads nothing, runs no script, and is the same for the same comparison. ``page.html`` is its frame,
``page.css`` its looks, ``page_content.py`` what stands in it, ``charts.py`` draws its charts. It needs the extra
``report``.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from unibatch.core.base_errors import ConfigError, InvalidInput
from unibatch.core.version import __version__
from unibatch.workflows.compare.model import Comparison
from unibatch.workflows.compare.page_content import PageContent, plain


def require_report() -> None:
    """Check that what a page needs is installed.

    Raises:
        ConfigError: It is not.
    """
    try:
        import jinja2  # noqa: F401, PLC0415 - an extra
        import matplotlib as mpl  # noqa: F401, PLC0415 - the same
    except ImportError as exc:
        raise ConfigError(
            f"a page needs the package {exc.name}, which is not installed: pip install 'unibatch[report]'"
        ) from exc


def page_of(comparison: Comparison) -> str:
    """A comparison as a page of HTML.

    Raises:
        ConfigError: The extra ``report`` is not installed.
    """
    require_report()
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - an extra

    environment = Environment(
        loader=PackageLoader("unibatch.workflows.compare", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=plain,
    )
    return environment.get_template("page.html").render(page=PageContent(comparison), version=__version__)


def write_page(comparison: Comparison, path: str | os.PathLike[str]) -> None:
    """Write a comparison to a file, as one self-contained page of HTML.

    The file is written as a whole or not at all, and replaces one of the same name, whose permissions it keeps.

    Raises:
        ConfigError: The extra ``report`` is not installed.
        InvalidInput: The file cannot be written.
    """
    text = page_of(comparison)
    try:
        target = _target(path)
        temporary = target.with_name(f".unibatch-{secrets.token_hex(8)}.html")
        try:
            with temporary.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            if target.exists():
                shutil.copymode(target, temporary)
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as exc:
        raise InvalidInput(f"cannot write {path}: {exc.strerror or exc}") from exc


def require_writable(path: str | os.PathLike[str]) -> None:
    """Check, before anything is read, that a page can be written to a file; leaves the file as it is.

    Raises:
        InvalidInput: It cannot.
    """
    try:
        with tempfile.TemporaryFile(dir=_target(path).parent):
            pass
    except OSError as exc:
        raise InvalidInput(f"cannot write {path}: {exc.strerror or exc}") from exc


def _target(path: str | os.PathLike[str]) -> Path:
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        raise InvalidInput(f"cannot write {path}: it is not a file")
    return target
