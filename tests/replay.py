"""Plays the cassettes: answers that were transcribed or recorded, under ``cassettes/``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import vcr
import yaml

CASSETTES = Path(__file__).parent.parent / "cassettes"

MATCH_ON = ("method", "scheme", "host", "port", "path", "query", "body")


@contextmanager
def replay(name: str) -> Iterator[None]:
    """Answer from one cassette, each answer once; every one of them has to be asked for.

    Args:
        name: The file below ``cassettes/``, without its suffix.
    """
    recorder = vcr.VCR(match_on=MATCH_ON, record_mode=vcr.mode.NONE)
    with recorder.use_cassette(CASSETTES / f"{name}.yaml", allow_playback_repeats=False) as cassette:
        yield
    assert cassette.all_played, f"{name} was played only in part: {cassette.play_count} of {len(cassette)} answers"


def answers(name: str) -> list[Any]:
    """The bodies of a cassette's answers, decoded from JSON."""
    return [json.loads(interaction["response"]["body"]["string"]) for interaction in interactions(name)]


def interactions(name: str) -> list[dict[str, Any]]:
    """A cassette's requests and answers, as they stand in the file."""
    text = (CASSETTES / f"{name}.yaml").read_text(encoding="utf-8")
    cassette = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    found: list[dict[str, Any]] = cassette["interactions"]
    return found


def names() -> list[str]:
    """The names of all cassettes."""
    return sorted(path.relative_to(CASSETTES).with_suffix("").as_posix() for path in CASSETTES.glob("*/*.yaml"))
