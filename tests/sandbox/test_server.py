"""Starting, stopping, what the sandbox says of itself, and the same controls over HTTP."""

from __future__ import annotations

import builtins
import threading
import tomllib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import unibatch.sandbox
from unibatch import InvalidInput
from unibatch.sandbox import Sandbox, serve

SEEDED = True


class TestStartingAndStopping:
    def test_it_starts_and_stops_cleanly_several_times(self) -> None:
        before = threading.active_count()
        for _ in range(3):
            with unibatch.sandbox.serve(seeded=False) as sandbox, httpx.Client(trust_env=False) as client:
                assert client.get(sandbox.url).status_code == 200
            assert threading.active_count() == before
            with pytest.raises(httpx.ConnectError):
                httpx.get(sandbox.url, trust_env=False)
        sandbox.close()  # which does nothing

    def test_it_stops_although_a_request_is_waiting(self) -> None:
        with unibatch.sandbox.serve(seeded=False) as sandbox:
            sandbox.fail(delay=60)
            failed: list[object] = []

            def wait() -> None:
                with pytest.raises(httpx.HTTPError) as caught:
                    httpx.get(sandbox.base_url("truedy"), trust_env=False).raise_for_status()
                failed.append(caught.value)

            thread = threading.Thread(target=wait)
            thread.start()
            while sandbox._app.faults[0].times:
                pass
        thread.join()
        assert failed

    def test_a_port_that_is_taken_is_named(self, sandbox: Sandbox) -> None:
        with pytest.raises(OSError, match=f"port {sandbox.port} of 127.0.0.1 is already in use"):
            unibatch.sandbox.serve(port=sandbox.port)

    def test_a_missing_extra_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = builtins.__import__

        def without_uvicorn(name: str, *arguments: Any, **options: Any) -> Any:
            if name == "uvicorn":
                raise ImportError(name)
            return real(name, *arguments, **options)

        monkeypatch.setattr(builtins, "__import__", without_uvicorn)
        with pytest.raises(ImportError, match=r"pip install 'unibatch\[sandbox\]'"):
            unibatch.sandbox.serve()


class TestTheHandle:
    def test_base_urls_follow_the_vendors_own(self, sandbox: Sandbox) -> None:
        start = f"http://127.0.0.1:{sandbox.port}"
        assert {vendor: sandbox.base_url(vendor) for vendor in sandbox.vendors} == {
            "truedy": f"{start}/truedy/api/public/v1",
            "techladder": f"{start}/techladder/api/v1/public",
            "talkifai": f"{start}/talkifai",
        }

    def test_the_profiles_are_valid_toml(self, sandbox: Sandbox) -> None:
        profiles = tomllib.loads(sandbox.toml())["profiles"]
        assert set(profiles) == {"sandbox-truedy", "sandbox-techladder", "sandbox-talkifai"}
        assert profiles["sandbox-talkifai"] == {
            "provider": "talkifai",
            "base_url": sandbox.base_url("talkifai"),
            "api_key": "sandbox-talkifai-key",
            "allow_literal_key": True,
            "defaults": {"organization_id": "org_sandbox", "from_number_ids": ["pn_sandbox"]},
        }

    @pytest.mark.parametrize(("enforced", "limit"), [(True, None), (False, 1_000_000)])
    def test_the_profiles_keep_to_no_limit_that_is_not_enforced(self, *, enforced: bool, limit: int | None) -> None:
        with unibatch.sandbox.serve(seeded=False, enforce_rate_limits=enforced) as sandbox:
            profiles = tomllib.loads(sandbox.toml())["profiles"].values()
        assert [profile.get("requests_per_minute") for profile in profiles] == [limit] * 3

    def test_what_is_unknown_is_named(self, sandbox: Sandbox) -> None:
        with pytest.raises(LookupError, match="there are truedy, techladder, talkifai"):
            sandbox.base_url("nobody")
        with pytest.raises(LookupError, match="batch_none"):
            sandbox.state("truedy", "batch_none")
        with pytest.raises(ValueError, match="no_credits"):
            sandbox.api_key("truedy", kind="golden")

    def test_what_it_says_ends_a_line(self, sandbox: Sandbox) -> None:
        """A terminal's prompt is below it."""
        start = f"http://127.0.0.1:{sandbox.port}"
        answers = [
            httpx.post(f"{start}/_sandbox/advance", json={"calls": 1}),
            httpx.get(start),
            httpx.get(f"{start}/no"),
        ]
        assert [answer.text[-2:] for answer in answers] == ["}\n"] * 3

    def test_the_log_keeps_requests_but_no_keys(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        truedy.get("/batch-calls", params={"limit": 1})
        truedy.post("/batch-calls", content=b"{}", headers={"content-type": "application/json"})
        first, second = sandbox.requests
        assert (first.vendor, first.method, first.path, first.status) == ("truedy", "GET", "/batch-calls", 200)
        assert first.query == (("limit", "1"),)
        assert (second.status, second.body) == (422, b"{}")
        assert sandbox.api_key("truedy") not in repr(sandbox.requests)

    def test_a_reset_undoes_everything(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        seeded = sandbox.campaign_ids("truedy")
        sandbox.create("truedy", 1)
        sandbox.limit("truedy", requests=1)
        sandbox.shape("truedy", "example")
        truedy.get("/batch-calls")
        sandbox.fail(times=None, status=500)
        sandbox.advance(seconds=60)
        sandbox.reset()
        assert sandbox.campaign_ids("truedy") == seeded
        assert sandbox.requests == ()
        assert [truedy.get(f"/batch-calls/{seeded[0]}").status_code for _ in range(2)] == [200, 200]
        assert truedy.get(f"/batch-calls/{seeded[0]}").json()["data"]["status"] == "active"

    def test_a_campaign_of_any_size_can_be_made(self, sandbox: Sandbox) -> None:
        campaign = sandbox.create("techladder", 12_000)
        contacts = sandbox.state("techladder", campaign).contacts
        assert len(contacts) == len({contact.number for contact in contacts}) == 12_000


class TestControlsOverHttp:
    @pytest.fixture
    def controls(self, sandbox: Sandbox) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
            yield client

    def test_the_root_says_what_it_is(self, sandbox: Sandbox, controls: httpx.Client) -> None:
        assert controls.get("/").json()["base_urls"]["truedy"] == sandbox.base_url("truedy")

    def test_time_can_be_moved(self, sandbox: Sandbox, controls: httpx.Client) -> None:
        assert controls.post("/_sandbox/advance", json={"calls": 3}).json()["calls"] == 3
        moved = controls.post("/_sandbox/advance", json={"seconds": 60})
        assert moved.json()["now"] == sandbox.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def test_faults_can_be_added_and_cleared(self, controls: httpx.Client, truedy: httpx.Client) -> None:
        controls.post("/_sandbox/faults", json={"vendor": "truedy", "status": 500, "times": None})
        assert truedy.get("/batch-calls").status_code == 500
        controls.delete("/_sandbox/faults")
        assert truedy.get("/batch-calls").status_code == 200

    def test_requests_and_state_can_be_read_and_reset(
        self, sandbox: Sandbox, controls: httpx.Client, truedy: httpx.Client
    ) -> None:
        truedy.get("/batch-calls")
        campaign = sandbox.create("truedy", 2)
        assert controls.get("/_sandbox/requests").json()[0]["path"] == "/batch-calls"
        state = controls.get(f"/_sandbox/state/truedy/{campaign}").json()
        assert (state["status"], len(state["contacts"]), state["dialled"]) == ("draft", 2, {})
        controls.post("/_sandbox/reset")
        assert sandbox.requests == ()

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("POST", "/_sandbox/advance", {}, 400),
            ("POST", "/_sandbox/advance", {"years": 1}, 400),
            ("POST", "/_sandbox/advance", {"calls": "x"}, 400),
            ("POST", "/_sandbox/advance", [], 400),
            ("POST", "/_sandbox/faults", {"path": "("}, 400),
            ("GET", "/_sandbox/state/nobody/x", None, 404),
            ("GET", "/_sandbox/state/truedy/x", None, 404),
            ("GET", "/_sandbox/nothing", None, 404),
            ("GET", "/nothing", None, 404),
        ],
    )
    def test_nonsense_is_refused(self, controls: httpx.Client, method: str, path: str, body: Any, status: int) -> None:
        answer = controls.request(method, path, json=body)
        assert (answer.status_code, bool(answer.json()["error"])) == (status, True)


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_that_cannot_be_is_refused(port: int) -> None:
    with pytest.raises(InvalidInput, match=f"port {port} is none"):
        serve(port)
