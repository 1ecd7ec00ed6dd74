"""The pytest plugin and the contract, as somebody else uses them: in a run of pytest of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

USES_THE_FIXTURE = """
import unibatch

def test_reads(unibatch_sandbox):
    vendor = "truedy"
    with unibatch.connect(
        provider=vendor, api_key=unibatch_sandbox.api_key(vendor), base_url=unibatch_sandbox.base_url(vendor)
    ) as client:
        assert client.get_campaign(unibatch_sandbox.campaign_ids(vendor)[0]).provider == vendor

seen = []

def test_one(unibatch_sandbox):
    unibatch_sandbox.create("truedy", 3, name="left behind")
    unibatch_sandbox.fail("truedy", status=500, times=None)
    seen.append((unibatch_sandbox.url, len(unibatch_sandbox.campaign_ids("truedy"))))

def test_two(unibatch_sandbox):
    url, campaigns = seen[0]
    assert unibatch_sandbox.url == url
    assert len(unibatch_sandbox.campaign_ids("truedy")) == campaigns - 1
    assert unibatch_sandbox.requests == ()
"""

LACKS_THE_EXTRA = """
import sys

sys.modules["uvicorn"] = None

def test_reads(unibatch_sandbox):
    pass
"""

A_THIRD_PARTY = """
import pytest
from unibatch.provider_api import How, Transition
from unibatch.providers.techladder import TechLadder
from unibatch.testing import ProviderContract, VendorAccount

class Acme(TechLadder):
    name = "acme"
    title = "Acme"
    {change}

class TestAcme(ProviderContract):
    provider_class = Acme

    @pytest.fixture
    def account(self, unibatch_sandbox):
        campaign_id = unibatch_sandbox.campaign_ids("techladder")[1]
        return VendorAccount(
            base_url=unibatch_sandbox.base_url("techladder"),
            api_key=unibatch_sandbox.api_key("techladder"),
            campaign_id=campaign_id,
            phone_numbers=[row.number for row in unibatch_sandbox.state("techladder", campaign_id).contacts],
            empty_campaign_id=unibatch_sandbox.create("techladder", 0),
            unknown_campaign_id="sched_00000000",
            draft={{"agent_id": "agt-1", "vendor": {{"acme": {{"version_id": "pmt-1"}}}}}},
        )
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(test: str, *options: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        (tmp_path / "test_it.py").write_text(test, encoding="utf-8")
        command = [sys.executable, "-W", "error", "-m", "pytest", "-p", "no:cacheprovider", "-q", *options]
        return subprocess.run(
            [*command, "-p", "unibatch.testing.plugin"],
            cwd=tmp_path,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


class TestPlugin:
    def test_one_server_serves_all_tests_and_each_finds_it_fresh(self, run: Run) -> None:
        result = run(USES_THE_FIXTURE)
        assert (result.returncode, "3 passed" in result.stdout) == (0, True), result.stdout

    def test_without_the_extra_the_remedy_is_named(self, run: Run) -> None:
        result = run(LACKS_THE_EXTRA)
        assert result.returncode == 1
        assert "ImportError: the sandbox needs a web server: pip install 'unibatch[sandbox]'" in result.stdout

    def test_a_run_that_does_not_use_it_does_not_pay_for_it(self, run: Run) -> None:
        code = "import sys\ndef test_it():\n    heavy = {'httpx', 'cattrs', 'uvicorn', 'unibatch.sandbox'}\n"
        result = run(code + "    assert heavy & set(sys.modules) == set()\n")
        assert result.returncode == 0, result.stdout


class TestContract:
    def test_a_third_party_provider_that_keeps_it(self, run: Run) -> None:
        result = run(A_THIRD_PARTY.format(change=""))
        assert (result.returncode, "failed" in result.stdout) == (0, False), result.stdout

    @pytest.mark.parametrize(
        ("change", "broken"),
        [
            ('base_url = "http://api.acme.example"', "test_base_url_is_https"),
            ("headers = lambda self, key: {}", "test_key_is_sent_in_a_header"),
            (
                "list_contacts = lambda self, at, position, wanted: TechLadder.list_contacts(self, at, 1, wanted)",
                "test_listings_ask_for_the_largest_page",
            ),
            ("draft_fields = {}", "test_every_field_of_a_draft_has_an_entry"),
            (
                "draft_fields = {**TechLadder.draft_fields, 'contacts.email': How.sent('email')}",
                "test_contacts_are_made_by_contact_body",
            ),
            (
                "transitions = {'start_campaign': Transition(allowed=frozenset(), done=frozenset())}",
                "test_transitions_are_declared_for_what_is_offered",
            ),
        ],
        ids=["base_url", "headers", "list_contacts", "draft_fields", "contacts", "transitions"],
    )
    def test_a_provider_that_breaks_it(self, run: Run, change: str, broken: str) -> None:
        result = run(A_THIRD_PARTY.format(change=change), "-k", broken)
        assert result.returncode == 1
        assert f"::{broken}" in result.stdout

    def test_the_account_has_to_be_given(self, run: Run) -> None:
        test = A_THIRD_PARTY.format(change="").replace("def account", "def another")
        result = run(test, "-k", "test_an_empty_campaign_has_no_contacts")
        assert result.returncode == 1
        assert "TestAcme defines no fixture named account" in result.stdout
