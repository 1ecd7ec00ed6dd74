"""Profiles: a vendor, a key and settings under a name, so that an application can switch by that name.

They are in ``unibatch.toml``, which is looked for at the path in ``UNIBATCH_CONFIG``, else in the working directory,
else in the user's configuration directory. Without a file, environment variables such as ``UNIBATCH_PROVIDER`` and
``UNIBATCH_API_KEY`` are one profile, named ``environment``. ``UNIBATCH_PROFILE`` names the profile to use if none is
named.
"""

from __future__ import annotations

import codecs
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import attrs

from unibatch.client import AsyncClient, Client, Options, Retry, Timeout, Wait
from unibatch.core.errors import ConfigError, InvalidInput
from unibatch.core.provider import Provider, Setting
from unibatch.core.structuring import StructureError, structure
from unibatch.providers import registry

C = TypeVar("C", Client, AsyncClient)

FILE_NAME = "unibatch.toml"
ENVIRONMENT = "environment"
"""The name of the profile that environment variables give if there is no file."""


@attrs.frozen
class KeySource:
    """Where a key is: in an environment variable, or in a file that holds nothing else."""

    env: str | None = None
    file: str | None = None


@attrs.frozen
class ProfileSetting:
    """One profile as it is written in the file."""

    provider: str
    api_key: Any
    allow_literal_key: bool = False
    base_url: str | None = None
    timeout: Any = None
    retry: Retry = attrs.field(factory=Retry)
    requests_per_minute: int | None = None
    max_in_flight: int | None = None
    rate_limit_file: str | None = None
    max_wait: float | None = None
    defaults: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class Settings:
    """The whole file.

    Attributes:
        profiles: The profiles by name.
        default: The name of the profile to use if none is named.
        unset: For each profile, by its keys, the environment variables that it names and that are not set.
    """

    profiles: dict[str, ProfileSetting] = attrs.field(factory=dict)
    default: str | None = None
    unset: dict[str, dict[str, str]] = attrs.field(factory=dict, init=False)


@attrs.frozen(kw_only=True)
class Profile:
    """One profile, ready to connect with.

    Attributes:
        name: Its name; ``None`` for one that is given as arguments.
        provider: The provider's name.
        api_key: The vendor's key; not shown by ``repr``.
        options: The settings of the client.
        defaults: Settings that only this provider has, for example ``organization_id``.
    """

    name: str | None
    provider: str
    api_key: str = attrs.field(repr=False)
    options: Options = attrs.field(factory=Options)
    defaults: Mapping[str, Any] = attrs.field(factory=dict)


def find_file() -> Path | None:
    """The configuration file in force, or ``None`` if there is none.

    Raises:
        ConfigError: ``UNIBATCH_CONFIG`` names a file that does not exist.
    """
    if named := os.environ.get("UNIBATCH_CONFIG"):
        with suppress(RuntimeError, ValueError):  # no such user, or no possible path
            if (path := Path(named).expanduser()).is_file():
                return path
        raise ConfigError(f"UNIBATCH_CONFIG names {named}, which is not a file; correct or unset it")
    if (path := Path(FILE_NAME)).is_file():
        return path
    import platformdirs  # noqa: PLC0415 - slow, and most often not needed

    path = Path(platformdirs.user_config_dir("unibatch")) / FILE_NAME
    return path if path.is_file() else None


def read_settings() -> tuple[Settings, Path | None]:
    """Read the configuration file in force, and return its path too; ``None`` if there is no file.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or has a wrong key or value.
    """
    path = find_file()
    if path is None:
        return Settings(), None
    try:
        data = tomllib.loads(_read_text(path))
        unset = _fill_from_environment(data)
        _require_known_keys(data)
        settings = structure(data, Settings)
        settings.unset.update(unset)
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ConfigError(f"{path} is not valid TOML: {exc}") from exc
    except StructureError as exc:
        where = exc.path.removeprefix("$.")
        reason = exc.reason.removeprefix(f"{where.rpartition('.')[2]}: ")
        raise ConfigError(f"{path}: {where}: {reason}; see `unibatch init` for what is possible") from exc
    if settings.default is not None and settings.default not in settings.profiles:
        raise ConfigError(
            f"{path}: default names the profile {settings.default!r}, which is not there{_known(settings)}"
        )
    return settings, path


_LARGEST = 1_000_000
"""Bytes of a configuration or key file; a device such as ``/dev/zero`` has no end."""


def _read_text(path: Path) -> str:
    """The text of a file as editors and shells save it: UTF-8 with or without a byte order mark, or UTF-16 with one."""
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError(f"it has more than {_LARGEST:,} bytes")
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig")


def _fill_from_environment(data: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Put the values of environment variables in the place of each ``{ env = "NAME" }`` but that of a key.

    Returns:
        For each profile, by its keys, the variables that are not set.
    """
    unset: dict[str, dict[str, str]] = {}

    def filled(value: Any, profile: str, key: str) -> Any:
        if isinstance(value, list):
            return [filled(each, profile, f"{key}[{index}]") for index, each in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if list(value) == ["env"] and isinstance(value["env"], str):
            text = os.environ.get(value["env"], "").strip()
            if not text:
                unset.setdefault(profile, {})[key] = value["env"]
            return text
        return {name: filled(each, profile, f"{key}.{name}") for name, each in value.items()}

    profiles = data.get("profiles")
    for name, profile in profiles.items() if isinstance(profiles, dict) else ():
        if isinstance(profile, dict):
            profile.update({key: filled(each, name, key) for key, each in profile.items() if key != "api_key"})
    return unset


def _require_known_keys(data: Mapping[str, Any]) -> None:
    """Raise for a key that no profile has, before one is missed that it was meant to be.

    Raises:
        StructureError: There is one.
    """
    known = [field.name for field in attrs.fields(ProfileSetting)]
    profiles = data.get("profiles")
    for name, profile in profiles.items() if isinstance(profiles, dict) else ():
        for key in profile if isinstance(profile, dict) else ():
            if key not in known:
                hint = "".join(f"; did you mean {near}?" for near in get_close_matches(key, known, 1))
                raise StructureError(f"$.profiles.{name}.{key}", f"unknown key{hint}")


def profile_names() -> list[str]:
    """The names of all profiles, as `load_profile` takes them.

    Raises:
        ConfigError: The configuration file cannot be used.
    """
    settings, path = read_settings()
    if path is None:
        return [ENVIRONMENT] if _variable("provider") else []
    return list(settings.profiles)


def load_profile(name: str | None = None, *, api_key: str | None = None) -> Profile:
    """Look up a profile and its key.

    Args:
        name: The profile's name. ``None`` for the one that ``UNIBATCH_PROFILE`` names, else the default, else the only
            profile there is.
        api_key: The key to use instead of the profile's own, which is then not read.

    Raises:
        ConfigError: There is no such profile, or its key cannot be read; the message says what to do.
    """
    settings, path = read_settings()
    chosen_by = ""
    if name is None and (name := os.environ.get("UNIBATCH_PROFILE") or None) is not None:
        chosen_by = "UNIBATCH_PROFILE: "
    if path is None:
        return _from_environment(name, api_key, chosen_by)
    if name is None:
        name = settings.default or (next(iter(settings.profiles)) if len(settings.profiles) == 1 else None)
        if name is None:
            raise ConfigError(
                f'{path} sets no default profile: name one, or write default = "..." at its top{_known(settings)}'
            )
    setting = settings.profiles.get(name)
    if setting is None:
        raise ConfigError(f"{chosen_by}there is no profile {name!r} in {path}{_known(settings)}")
    where = f"{path}: profiles.{name}"
    for key, variable in settings.unset.get(name, {}).items():
        raise ConfigError(f"{where}.{key}: the environment variable {variable} is not set; set it")
    if api_key is None:
        api_key = _key_of(name, setting, where, path.parent)
    return Profile(
        name=name,
        provider=setting.provider,
        api_key=api_key,
        options=_options(setting, where, path.parent),
        defaults=setting.defaults,
    )


def connect(
    profile: str | None = None,
    *,
    provider: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    timeout: float | Timeout | None = None,
    retry: Retry | None = None,
    requests_per_minute: int | None = None,
    max_in_flight: int | None = None,
    rate_limit_file: str | os.PathLike[str] | None = None,
    max_wait: float | None = None,
    on_wait: Callable[[Wait], None] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Client:
    """Connect to a vendor, blocking.

    Either name a profile, or give ``provider`` and ``api_key``; with neither, the default profile is used. Nothing is
    sent before you call a method of the client.

    Args:
        profile: The name of a profile of ``unibatch.toml``.
        provider: The name of a provider, for example ``"truedy"``.
        api_key: The vendor's key; required with ``provider``.
        base_url: The URL of the vendor's API; by default the profile's, or the documented one.
        timeout: How long to wait, by default as in the profile; a number of seconds is for both time-outs.
        retry: How often to try again, by default as in the profile.
        requests_per_minute: The limit to stay below, 1 to 1,000,000; by default the profile's, or the one that the
            vendor documents. All clients of this process that use the same key count together.
        max_in_flight: The most pages of one listing that are being read or in memory at the same time, 1 to 64; by
            default the profile's, or 8.
        rate_limit_file: A file in which several processes that use the same key count their requests together; it is
            created if it does not exist.
        max_wait: How many seconds a request may wait for the rate limit, or because the vendor says so, 0 or more; if
            it would be longer, `RateLimited` is raised immediately, with the time. By default the profile's, or no
            limit but that of ``retry``. Methods of the client take it too.
        on_wait: Called before each wait of a second or more for the rate limit, before each further attempt, and when a
            wait for another that does the same takes longer than a second, by the thread that waits.
        defaults: Settings that only this provider has, for example ``{"organization_id": "org_1"}``; they replace
            those of the profile one by one.

    Returns:
        A client, to be used in a ``with`` statement.

    Raises:
        ConfigError: Something is missing or wrong; the message names it and the remedy.
        InvalidInput: A number is out of its range.
    """
    return _connect(
        Client,
        _choose_profile(profile, provider, api_key),
        defaults,
        base_url=base_url,
        timeout=timeout,
        retry=retry,
        requests_per_minute=requests_per_minute,
        max_in_flight=max_in_flight,
        rate_limit_file=rate_limit_file,
        max_wait=max_wait,
        on_wait=on_wait,
    )


def connect_async(
    profile: str | None = None,
    *,
    provider: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    timeout: float | Timeout | None = None,
    retry: Retry | None = None,
    requests_per_minute: int | None = None,
    max_in_flight: int | None = None,
    rate_limit_file: str | os.PathLike[str] | None = None,
    max_wait: float | None = None,
    on_wait: Callable[[Wait], None] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> AsyncClient:
    """Connect to a vendor for use in an event loop; arguments and errors are those of `connect`.

    Returns:
        A client, to be used with ``async with``.
    """
    return _connect(
        AsyncClient,
        _choose_profile(profile, provider, api_key),
        defaults,
        base_url=base_url,
        timeout=timeout,
        retry=retry,
        requests_per_minute=requests_per_minute,
        max_in_flight=max_in_flight,
        rate_limit_file=rate_limit_file,
        max_wait=max_wait,
        on_wait=on_wait,
    )


def provider_of(profile: str | None = None) -> Provider:
    """The provider of a profile, with the profile's defaults. The key is not read.

    Raises:
        ConfigError: There is no such profile, or it is wrong.
    """
    chosen = load_profile(profile, api_key="-")
    with _naming(chosen):
        return _provider(chosen.provider, chosen.defaults)


def provider_of_target(target: str) -> Provider:
    """The provider of a profile, with the profile's defaults; or else the provider of that name. No key is read.

    Raises:
        ConfigError: There is neither such a profile nor such a provider, or the profile is wrong.
    """
    if target not in profile_names() and target in registry.names():
        return registry.load(target)({})
    return provider_of(target)


def _choose_profile(name: str | None, provider: str | None, api_key: str | None) -> Profile:
    """The named profile, or one of the arguments."""
    if provider is None:
        return load_profile(name, api_key=api_key)
    if name is not None:
        raise ConfigError("name either a profile or a provider, not both: a profile has its provider already")
    if api_key is None:
        raise ConfigError(f"with provider={provider!r}, give api_key= too")
    return Profile(name=None, provider=provider, api_key=api_key)


def _connect(kind: Callable[..., C], profile: Profile, defaults: Mapping[str, Any] | None, **options: Any) -> C:
    """Make a client of a profile, with further defaults, and with those of the options that are not ``None``."""
    changed = _changed(profile.options, **options)
    with _naming(profile):
        provider = _provider(profile.provider, {**profile.defaults, **(defaults or {})})
        return kind(provider, profile.api_key, options=changed)


def _changed(options: Options, **changes: Any) -> Options:
    """The options with those of the changes that are not ``None``, converted."""
    given = {name: value for name, value in changes.items() if value is not None}
    for name, form in (("timeout", Timeout.of), ("rate_limit_file", Path)):
        if name in given:
            given[name] = form(given[name])
    return attrs.evolve(options, **given)


@contextmanager
def _naming(profile: Profile) -> Iterator[None]:
    """Name the profile in each `ConfigError`."""
    try:
        yield
    except ConfigError as exc:
        if profile.name is None:
            raise
        raise ConfigError(f"profile {profile.name!r}: {exc}") from exc


def _provider(name: str, defaults: Mapping[str, Any]) -> Provider:
    kind = registry.load(name)
    if unknown := sorted(set(defaults) - set(kind.settings)):
        known = ", ".join(kind.profile_settings())
        raise ConfigError(f"defaults: {kind.title} has no setting {', '.join(unknown)}; it has {known}")
    return kind(defaults)


def _key_of(name: str, setting: ProfileSetting, where: str, folder: Path) -> str:
    """The key; if it is wrong and its provider is too, both are named."""
    try:
        return _key(setting, where, folder)
    except ConfigError as exc:
        try:  # searching for providers is slow, and who connects does it next
            registry.load(setting.provider)
        except ConfigError as first:
            raise ConfigError(f"profile {name!r}: {first}; {exc}") from exc
        raise


_SOURCES = '{ env = "NAME" } or { file = "PATH" }'


def _key(setting: ProfileSetting, where: str, folder: Path) -> str:
    where = f"{where}.api_key"
    if isinstance(setting.api_key, str):
        if setting.allow_literal_key:
            return setting.api_key
        raise ConfigError(
            f"{where}: a key in the file itself is refused, since files get shared; write {_SOURCES}, "
            "or set allow_literal_key = true if the key opens nothing"
        )
    try:
        source = structure(setting.api_key, KeySource)
    except StructureError as exc:
        raise ConfigError(f"{where}{exc.path[1:]}: {exc.reason}; write {_SOURCES}") from exc
    if (source.env is None) == (source.file is None):
        raise ConfigError(f"{where}: write either {_SOURCES}")
    if source.env is not None:
        value = _stripped(os.environ.get(source.env, ""))
        if not value:
            raise ConfigError(f"{where}: the environment variable {source.env} is not set; set it to the key")
        return value
    return _key_in(str(source.file), where, folder)


def _key_in(file: str, where: str, folder: Path) -> str:
    """The key in a file that holds nothing else."""
    path = folder / file
    try:
        path = folder / Path(file).expanduser()
        value = _stripped(_read_text(path))
    except UnicodeDecodeError as exc:  # whose text has a byte of the file
        raise ConfigError(f"{where}: the key file {path} cannot be read: it is not UTF-8") from exc
    except (OSError, RuntimeError, ValueError) as exc:  # unreadable, no such user, or no possible path
        reason = getattr(exc, "strerror", None) or exc  # the text of an OSError names the file again
        raise ConfigError(f"{where}: the key file {path} cannot be read: {reason}") from exc
    if not value:
        raise ConfigError(f"{where}: the key file {path} is empty; write the key into it")
    return value


def _stripped(key: str) -> str:
    """A key without what copying leaves around it: blanks, line breaks, a byte order mark."""
    return key.strip().strip("\ufeff").strip()


def _options(setting: ProfileSetting, where: str, folder: Path) -> Options:
    try:
        return _changed(
            Options(retry=setting.retry),
            base_url=setting.base_url,
            timeout=_timeout(setting.timeout, where),
            requests_per_minute=setting.requests_per_minute,
            max_in_flight=setting.max_in_flight,
            rate_limit_file=_rate_limit_file(setting.rate_limit_file, f"{where}.rate_limit_file", folder),
            max_wait=setting.max_wait,
        )
    except InvalidInput as exc:
        raise ConfigError(f"{where}: {exc}") from exc


def _rate_limit_file(name: str | None, where: str, folder: Path) -> Path | None:
    try:
        return None if name is None else (folder / Path(name).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as exc:  # a loop of links, no such user, no possible path
        raise ConfigError(f"{where}: {exc}; name a file in a directory that exists") from exc


def _timeout(setting: Any, where: str) -> Timeout:
    """A number of seconds, or a table with ``connect`` and ``read``; what is left out keeps its default."""
    try:
        if isinstance(setting, dict):
            return structure(setting, Timeout)
        return Timeout() if setting is None else Timeout.of(structure(setting, float))
    except (StructureError, ValueError) as exc:
        key = f"timeout{getattr(exc, 'path', '$')[1:]}"
        raise ConfigError(
            f"{where}.{key}: {getattr(exc, 'reason', exc)}; write a number of seconds above 0, "
            "or { connect = 5, read = 30 }"
        ) from exc


def _from_environment(name: str | None, api_key: str | None, chosen_by: str) -> Profile:
    remedy = "run `unibatch init` to write a unibatch.toml, or set UNIBATCH_PROVIDER and UNIBATCH_API_KEY"
    if name not in {None, ENVIRONMENT}:
        raise ConfigError(f"{chosen_by}there is no profile {name!r}, since there is no {FILE_NAME}; {remedy}")
    provider = _variable("provider")
    if provider is None:
        raise ConfigError(f"there is no {FILE_NAME}, here or in the user's configuration directory; {remedy}")
    try:
        kind = registry.load(provider)
    except ConfigError as exc:
        raise ConfigError(f"UNIBATCH_PROVIDER: {exc}") from exc
    if not api_key:
        api_key = _stripped(os.environ.get("UNIBATCH_API_KEY", ""))
        file = _variable("api_key_file")
        if api_key and file is not None:
            raise ConfigError("UNIBATCH_API_KEY and UNIBATCH_API_KEY_FILE are both set; unset one of them")
        if file is not None:
            api_key = _key_in(file, "UNIBATCH_API_KEY_FILE", Path())
        if not api_key:
            raise ConfigError("UNIBATCH_PROVIDER is set and UNIBATCH_API_KEY is not; set it to the vendor's key")
    return Profile(
        name=ENVIRONMENT,
        provider=provider,
        api_key=api_key,
        options=_options_from_environment(),
        defaults={
            name: _setting_from_environment(name, setting, text)
            for name, setting in kind.profile_settings().items()
            if name not in _VARIABLES and (text := _variable(name)) is not None
        },
    )


_VARIABLES: Mapping[str, Callable[[str], Any]] = {
    "base_url": str,
    "rate_limit_file": str,
    "requests_per_minute": int,
    "max_in_flight": int,
    "timeout": float,
    "connect_timeout": float,
    "read_timeout": float,
    "retry_attempts": int,
    "retry_total": float,
    "max_wait": float,
}
"""The environment variables of a client's options, without ``UNIBATCH_`` and in lower case, and how each is read."""


def _variable(name: str) -> str | None:
    """What the environment variable for a setting holds; ``None`` for nothing."""
    return os.environ.get(f"UNIBATCH_{name.upper()}", "").strip() or None


def _options_from_environment() -> Options:
    given: dict[str, Any] = {}
    for name, read in _VARIABLES.items():
        if (text := _variable(name)) is not None:
            try:
                given[name] = read(text)
            except ValueError as exc:
                raise ConfigError(f"UNIBATCH_{name.upper()} must be a number, not {text!r}") from exc
    try:
        timeout = given.pop("timeout", None)
        times = {part: given.pop(f"{part}_timeout", timeout) for part in ("connect", "read")}
        retry = {part: given.pop(f"retry_{part}", None) for part in ("attempts", "total")}
        if (file := given.get("rate_limit_file")) is not None:
            given["rate_limit_file"] = _rate_limit_file(file, "UNIBATCH_RATE_LIMIT_FILE", Path())
        return _changed(
            Options(retry=Retry(**{part: number for part, number in retry.items() if number is not None})),
            timeout=Timeout(**{part: number for part, number in times.items() if number is not None}),
            **given,
        )
    except InvalidInput as exc:
        raise ConfigError(f"environment variables UNIBATCH_…: {exc}") from exc


def _setting_from_environment(name: str, setting: Setting, text: str) -> Any:
    """A provider's setting, of the type that it has in a file."""
    value: Any = text
    if setting.is_flag:
        value = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}.get(text.lower(), text)
    elif setting.numbers is not None and text.isascii() and text.isdigit():
        value = int(text)
    elif setting.is_list:
        value = [part.strip() for part in text.split(",")]
    if fault := setting.fault(value):
        raise ConfigError(f"UNIBATCH_{name.upper()} {fault}")
    return value


def _known(settings: Settings) -> str:
    return f"; known are {', '.join(settings.profiles)}" if settings.profiles else "; it has no profiles yet"
