"""The three vendors on this machine, for demonstrations, tests and users' own tests. Nobody is ever called.

    import unibatch.sandbox

    with unibatch.sandbox.serve() as sandbox:
        print(sandbox.base_url("truedy"), sandbox.api_key("truedy"))

It needs the extra `sandbox` (uvicorn) once it is started, and nothing but the standard library and attrs before.
"""

from unibatch.sandbox.app import LoggedRequest
from unibatch.sandbox.fault_proxy import FaultProxy
from unibatch.sandbox.http import VendorRequest
from unibatch.sandbox.objections import Objection
from unibatch.sandbox.sandbox import Sandbox
from unibatch.sandbox.server import serve
from unibatch.sandbox.state import CampaignState, ContactState
from unibatch.sandbox.webhooks import Delivery

__all__ = [
    "CampaignState",
    "ContactState",
    "Delivery",
    "FaultProxy",
    "LoggedRequest",
    "Objection",
    "Sandbox",
    "VendorRequest",
    "serve",
]
