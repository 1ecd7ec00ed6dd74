"""The three vendors, each as its documentation describes it. What only one of them has is in its file."""

from unibatch.sandbox.vendors.talkifai import TalkifAI
from unibatch.sandbox.vendors.techladder import TechLadder
from unibatch.sandbox.vendors.truedy import Truedy
from unibatch.sandbox.vendors.vendor import Vendor

VENDORS: tuple[type[Vendor], ...] = (Truedy, TechLadder, TalkifAI)
NAMES = tuple(vendor.name for vendor in VENDORS)

__all__ = ["NAMES", "VENDORS", "Vendor"]
