"""The three vendors on this machine, for demonstrations, tests and users' own tests. Nobody is ever called.

    import unibatch.sandbox

    with unibatch.sandbox.serve() as sandbox:
        print(sandbox.base_url("truedy"), sandbox.api_key("truedy"))

It needs the extra `sandbox` (uvicorn) once it is started, and nothing but the standard library and attrs before.
"""

from unibatch.sandbox.app import LoggedRequest
from unibatch.sandbox.handle import CampaignState, ContactState, Sandbox
from unibatch.sandbox.server import serve

__all__ = ["CampaignState", "ContactState", "LoggedRequest", "Sandbox", "serve"]
