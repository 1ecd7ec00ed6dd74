"""How a connection is chosen: by a profile, by arguments, or by both."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.config.conftest import MINIMAL, TWO, refusal, write
from unibatch import Campaign, InvalidInput, Retry, Timeout, Wait
from unibatch.client import Options
from unibatch.client.exchange import Exchange
from unibatch.config import connect, connect_async
from unibatch.providers.truedy import Truedy
from unibatch.sandbox import Sandbox


class TestConnecting:
    @pytest.mark.parametrize("connect", [connect, connect_async])
    def test_by_a_profile_or_the_default_one(self, connect: Callable[..., Any]) -> None:
        write('default = "main"\n' + TWO + 'base_url = "https://example.com/v1/"\n')
        client = connect()
        assert repr(client) == f"<{type(client).__name__} of truedy at https://api.truedy.ai/api/public/v1>"
        assert connect("other").base_url == "https://example.com/v1"

    @pytest.mark.parametrize("vendor", ["truedy", "techladder", "talkifai"])
    def test_by_a_profile_of_the_sandbox(self, unibatch_sandbox: Sandbox, vendor: str) -> None:
        campaign_id = unibatch_sandbox.campaign_ids(vendor)[0]

        async def read() -> Campaign:
            async with connect_async(**unibatch_sandbox.profile(vendor)) as client:
                return await client.get_campaign(campaign_id)

        with connect(**unibatch_sandbox.profile(vendor)) as client:
            assert client.get_campaign(campaign_id).id == asyncio.run(read()).id == campaign_id

    def test_by_arguments_no_file_is_read(self) -> None:
        write("this is not TOML")
        with connect(provider="techladder", api_key="sk_1") as client:
            assert repr(client) == "<Client of techladder at https://api.staging.techladder.ai/api/v1/public>"

    @pytest.mark.parametrize("connect", [connect, connect_async])
    def test_each_option_outweighs_that_of_the_profile(
        self, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken: list[Options] = []

        def exchange(*arguments: Any) -> Exchange:
            taken.append(arguments[2])
            return Exchange(*arguments)

        def on_wait(wait: Wait) -> None:
            del wait

        monkeypatch.setattr("unibatch.client.client.Exchange", exchange)
        write(
            MINIMAL + 'base_url = "https://a.example"\n'
            "timeout = 1\nretry = { attempts = 2 }\nrequests_per_minute = 3\nmax_in_flight = 4\n"
            'rate_limit_file = "5.sqlite"\n'
        )
        of_profile = Options(
            base_url="https://a.example",
            timeout=Timeout(1, 1),
            retry=Retry(attempts=2),
            requests_per_minute=3,
            max_in_flight=4,
            rate_limit_file=Path("5.sqlite").resolve(),
        )
        given: dict[str, Any] = {
            "base_url": "https://b.example",
            "timeout": 10,
            "retry": Retry(attempts=20),
            "requests_per_minute": 30,
            "max_in_flight": 40,
            "rate_limit_file": "50.sqlite",
            "on_wait": on_wait,
        }
        converted = given | {"timeout": Timeout(10, 10), "rate_limit_file": Path("50.sqlite")}

        connect("main")
        assert taken.pop() == of_profile
        for name, value in given.items():
            connect("main", **{name: value})
            assert taken.pop() == attrs.evolve(of_profile, **{name: converted[name]})

    @pytest.mark.parametrize(
        "option",
        [{"timeout": 0}, {"requests_per_minute": 0}, {"requests_per_minute": True}, {"max_in_flight": 65}],
    )
    def test_an_option_out_of_its_range_is_refused(self, option: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput, match=", not "):
            connect(provider="truedy", api_key="x", **option)

    def test_settings_are_laid_over_those_of_the_profile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given: list[dict[str, Any]] = []
        monkeypatch.setattr(Truedy, "__init__", lambda _, defaults: given.append(dict(defaults)))
        write(MINIMAL + '[profiles.main.defaults]\nagent_id = "agt_1"\nfrom_number_ids = ["num_1"]\n')
        connect("main", defaults={"agent_id": "agt_2"}).close()
        assert given == [{"agent_id": "agt_2", "from_number_ids": ["num_1"]}]


class TestRefusals:
    """What is wrong is refused when connecting."""

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            pytest.param(
                MINIMAL + "base_url = 'http://example.com'\n",
                "profile 'main': base_url 'http://example.com' would send the API key without encryption; ",
                id="a URL without encryption",
            ),
            pytest.param(
                MINIMAL.replace("truedy", "trudy"),
                "profile 'main': there is no provider 'trudy'; known are truedy, techladder, talkifai",
                id="an unknown provider",
            ),
            pytest.param(
                MINIMAL + '[profiles.main.defaults]\norganization_id = "org_1"\nzebra = 1\n',
                "profile 'main': defaults: Truedy has no setting organization_id, zebra; it has agent_id, "
                "from_number_ids, phone_rotation_strategy",
                id="settings of another vendor",
            ),
        ],
    )
    def test_a_wrong_profile(self, text: str, message: str) -> None:
        write(text)
        assert refusal(lambda: connect("main")).startswith(message)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            pytest.param(
                {"profile": "main"},
                "name either a profile or a provider, not both: a profile has its provider already",
                id="a profile and a provider",
            ),
            pytest.param({"api_key": None}, "with provider='truedy', give api_key= too", id="no key"),
            pytest.param(
                {"defaults": {"zebra": 1}},
                "defaults: Truedy has no setting zebra; it has agent_id, from_number_ids, phone_rotation_strategy",
                id="an unknown setting",
            ),
        ],
    )
    @pytest.mark.parametrize("connect", [connect, connect_async])
    def test_wrong_arguments(self, connect: Callable[..., Any], arguments: dict[str, Any], message: str) -> None:
        given = {"provider": "truedy", "api_key": "x", **arguments}
        assert refusal(lambda: connect(**given)).startswith(message)


REFUSED_URLS = {
    "would send the API key without encryption; use https:// (http:// is for loopback only)": [
        *("http://example.com", "http://127.0.0.1.evil.com", "http://localhost.evil.com"),
        *("http://evil.com/127.0.0.1", "http://[2001:db8::1]", "http://0.0.0.0", "http://192.168.0.1"),
        "http://[::ffff:8.8.8.8]",
    ],
    "may not contain a user name, a query or a fragment": [
        *("https://user:secret@example.com", "https://secret@example.com", "http://127.0.0.1@secret.com"),
        *("https://example.com?a=secret", "https://example.com#secret", "https://example.com?", "https://x.com/v1#"),
    ],
    "has no possible port": ["https://example.com:99999", "https://example.com:0"],
    "is not a URL": [
        *("", "example.com", "ftp://example.com", "https://", "/v1", "//example.com", "https://[::1"),
        *("https://foo..bar", "https://xn--/", f"https://{'x' * 64}.de", "https://user:secret@host:bad"),
        "https://user:secret/rest@example.com",
    ],
}


class TestBaseUrl:
    @pytest.mark.parametrize(
        "base_url",
        [
            "https://example.com",
            "https://example.com:8443/v1/",
            "http://127.8.9.10",
            "http://[::1]:8000/v1",
            "HTTP://LOCALHOST:8000",
        ],
    )
    def test_https_everywhere_and_http_on_this_machine(self, base_url: str) -> None:
        with connect(provider="truedy", api_key="x", base_url=base_url) as client:
            assert client.base_url == base_url.lower().rstrip("/")

    @pytest.mark.parametrize(("base_url", "reason"), [(url, why) for why, urls in REFUSED_URLS.items() for url in urls])
    def test_what_is_refused_is_not_shown_if_it_may_hold_a_password(self, base_url: str, reason: str) -> None:
        message = refusal(lambda: connect(provider="truedy", api_key="x", base_url=base_url))
        assert message.startswith("base_url ")
        assert reason in message
        assert "secret" not in message
