"""The root of the exceptions, and those that carry nothing but texts.

Import them from `unibatch.core.errors`, which draws the whole tree. They are in a module of their own because the
modules of drafts, findings and times raise them, and errors in `unibatch.core.errors` carry drafts and findings.
"""

from __future__ import annotations

from typing import Any

from unibatch.core.masking import mask_text


class UnibatchError(Exception):
    """The root of every error that unibatch raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without calling ``__init__`` again, so that keyword-only arguments survive."""
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(cls: type[UnibatchError], args: tuple[Any, ...], state: dict[str, Any]) -> UnibatchError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigError(UnibatchError):
    """A profile, a key, a URL or an option is missing or wrong; the message names it and the remedy."""


class InvalidInput(UnibatchError, ValueError):
    """An argument is wrong for every vendor. Phone numbers in the message are masked."""

    def __init__(self, message: str = "") -> None:
        super().__init__(mask_text(message))


class UnsupportedFeature(UnibatchError, ValueError):
    """The vendor cannot do what was asked; raised before any request is sent.

    Attributes:
        provider: The provider's name, for example ``"techladder"``.
        feature: What was asked for, for example ``"get_account"``.
        instead: What to do instead, as a sentence, or ``None`` if there is no way.
    """

    def __init__(self, provider: str, feature: str, instead: str | None = None) -> None:
        self.provider = provider
        self.feature = feature
        self.instead = instead
        super().__init__(f"{provider} does not support {feature}" + (f": {instead}" if instead else ""))
