"""For those who write a provider, or test an application against one.

- `ProviderContract`: a class of tests that every provider passes, built in or third-party. Subclass it.
- `play`: carries out a flow with plain values, without any I/O.
- The fixture ``unibatch_sandbox``, of the pytest plugin ``unibatch.testing.plugin``: the three vendors on this machine.

They need pytest. Nothing is imported before it is used: pytest loads the plugin at every start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from unibatch.testing.account import VendorAccount
    from unibatch.testing.contract import ProviderContract
    from unibatch.testing.flows import play

_LATER = {
    "ProviderContract": "unibatch.testing.contract",
    "VendorAccount": "unibatch.testing.account",
    "play": "unibatch.testing.flows",
}

__all__ = ["ProviderContract", "VendorAccount", "play"]

# So that a failed assertion of the contract shows its operands.
pytest.register_assert_rewrite("unibatch.testing.contract", "unibatch.testing.writing_contract")


def __getattr__(name: str) -> Any:
    """Import what is used for the first time."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LATER[name]), name)
    return value
