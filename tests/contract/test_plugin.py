"""The pytest plugin and the contract, as somebody else uses them: in a run of pytest of its own."""

import os
import re
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

    def test_a_provider_that_breaks_it(self, run: Run) -> None:
        """Each of these providers fails the test that is about what it breaks."""
        broken = {
            "base_url_is_https": 'base_url = "http://api.acme.example"',
            "key_is_sent_in_a_header": "headers = lambda self, key: {}",
            "listings_ask_for_the_largest_page": (
                "list_contacts = lambda self, at, position, wanted: TechLadder.list_contacts(self, at, 1, wanted)"
            ),
            "every_field_of_a_draft_has_an_entry": "draft_fields = {}",
            "contacts_are_made_by_contact_body": (
                "draft_fields = {**TechLadder.draft_fields, 'contacts.email': How.sent('email')}"
            ),
            "transitions_are_declared_for_what_is_offered": (
                "transitions = {'start_campaign': Transition(allowed=frozenset(), done=frozenset())}"
            ),
            "an_empty_campaign_has_no_contacts": "",  # which is given no account
        }
        classes = [f"Test{name.title().replace('_', '')}" for name in broken]
        parts = [A_THIRD_PARTY.format(change=change) for change in broken.values()]
        parts[-1] = parts[-1].replace("def account", "def another")
        tests = [part.replace("TestAcme", name) for part, name in zip(parts, classes, strict=True)]
        asked = [f"test_it.py::{name}::test_{test}" for name, test in zip(classes, broken, strict=True)]
        result = run("".join(tests), *asked)
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", result.stdout, re.MULTILINE)

        assert result.returncode == 1
        assert sorted(failed) == sorted(asked), result.stdout
        assert "TestAnEmptyCampaignHasNoContacts defines no fixture named account" in result.stdout
