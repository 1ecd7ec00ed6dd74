"""What a vendor could object to: every request that is not as the vendor's documents have it."""

from __future__ import annotations

import attrs


@attrs.frozen
class Objection:
    """One thing about one request that its vendor's documents do not have so.

    Attributes:
        vendor: The vendor's name.
        method: The HTTP method.
        path: The path below the vendor's base URL, percent-decoded.
        reason: Where in the request it is, and what.
    """

    vendor: str
    method: str
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.reason}"
