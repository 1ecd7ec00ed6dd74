"""Finds providers by name: the built-in ones, and those of other packages.

A package offers a provider by an entry point in the group ``unibatch.providers``::

    [project.entry-points."unibatch.providers"]
    acme = "acme_unibatch:Acme"

Nothing is imported until a provider is looked up.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from unibatch.core.errors import ConfigError
from unibatch.core.provider import Provider

GROUP = "unibatch.providers"

BUILT_IN = (
    EntryPoint("truedy", "unibatch.providers.truedy:Truedy", GROUP),
    EntryPoint("techladder", "unibatch.providers.techladder:TechLadder", GROUP),
    EntryPoint("talkifai", "unibatch.providers.talkifai:TalkifAI", GROUP),
)


def names() -> list[str]:
    """The names of all providers: the built-in ones first, then the others by name."""
    built_in = [entry.name for entry in BUILT_IN]
    return built_in + sorted({entry.name for entry in entry_points(group=GROUP)} - set(built_in))


def load(name: str) -> type[Provider]:
    """Import the provider ``name``.

    Raises:
        ConfigError: There is none of that name, there are two, or its package cannot be imported.
    """
    found = [entry for entry in (*BUILT_IN, *entry_points(group=GROUP)) if entry.name == name]
    if not found:
        raise ConfigError(f"there is no provider {name!r}; known are {', '.join(names())}")
    if len({entry.value for entry in found}) > 1:
        claims = " and ".join(f"{entry.value} ({_package(entry)})" for entry in found)
        raise ConfigError(f"two providers claim the name {name!r}: {claims}; uninstall one of the packages")
    try:
        provider: type[Provider] = found[0].load()
    except (ImportError, AttributeError) as exc:
        raise ConfigError(f"the provider {name!r} ({found[0].value}) cannot be imported: {exc}") from exc
    return provider


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "built in"
