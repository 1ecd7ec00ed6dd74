"""Check with pyright what users of the library see: the package, the examples, and the Python of the documentation.

mypy does not notice everything that editors show as an error, such as an argument that pyright does not know.
"""
# ruff: noqa: INP001 - a script

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
_BLOCK = re.compile(r"^(?P<indent> *)```python\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> Iterator[tuple[int, str]]:
    """Every block of Python of a page, as a program that has it in the same lines."""
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        code, before = textwrap.dedent(match["code"]), text.count("\n", 0, match.start())
        if re.search(r"^(await|async (with|for)) |^\w+ = await ", code, re.MULTILINE):  # as notebooks run it
            code = f"async def main() -> None:\n{textwrap.indent(code, '    ')}"
        else:
            code = f"\n{code}"
        yield before + 1, "\n" * before + code


def main() -> int:
    """Run the check; returns its exit code."""
    with tempfile.TemporaryDirectory(prefix="unibatch-docs-") as folder:
        for page in PAGES:
            for line, program in blocks(page):
                (Path(folder) / f"{page.stem}_{line}.py").write_text(program, encoding="utf-8")
        places = [*(str(ROOT / name) for name in ("unibatch", "examples", "tests/test_typing.py")), folder]
        command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, *places]
        return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - our own command


if __name__ == "__main__":
    sys.exit(main())
