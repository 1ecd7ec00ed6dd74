"""Which providers there are: the built-in ones, and those of other packages."""

from collections.abc import Callable
from importlib.metadata import EntryPoint

import pytest

from tests.config.conftest import refusal
from unibatch.config import connect
from unibatch.providers import registry
from unibatch.providers.truedy import Truedy


class Acme(Truedy):
    """A provider from another package."""

    name = "acme"
    title = "Acme"


class TestRegistry:
    @pytest.fixture
    def install(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        """Make it look as if packages offered providers."""

        def install(**providers: str) -> None:
            found = [EntryPoint(name, value, registry.GROUP) for name, value in providers.items()]

            def entry_points(*, group: str) -> list[EntryPoint]:
                assert group == "unibatch.providers"
                return found

            monkeypatch.setattr(registry, "entry_points", entry_points)

        return install

    def test_the_built_in_ones(self) -> None:
        assert registry.names() == ["truedy", "techladder", "talkifai"]
        assert [registry.load(name).name for name in registry.names()] == registry.names()

    def test_one_of_another_package(self, install: Callable[..., None]) -> None:
        install(acme=f"{__name__}:Acme")
        assert registry.names() == ["truedy", "techladder", "talkifai", "acme"]
        with connect(provider="acme", api_key="x") as client:
            assert client.provider == "acme"

    def test_a_name_that_two_claim_is_refused(self, install: Callable[..., None]) -> None:
        install(truedy="other.package:Truedy")
        assert refusal(lambda: registry.load("truedy")) == (
            "two providers claim the name 'truedy': unibatch.providers.truedy:Truedy (built in) and "
            "other.package:Truedy (built in); uninstall one of the packages"
        )

    def test_another_name_is_not_touched_by_that(self, install: Callable[..., None]) -> None:
        install(truedy="other.package:Truedy")
        assert registry.load("techladder").name == "techladder"

    @pytest.mark.parametrize("value", ["no_such_package_anywhere:Acme", f"{__name__}:NoSuchClass"])
    def test_one_that_cannot_be_imported(self, install: Callable[..., None], value: str) -> None:
        install(acme=value)
        assert refusal(lambda: registry.load("acme")).startswith(f"the provider 'acme' ({value}) cannot be imported: ")

    def test_a_broken_one_does_not_get_in_the_way_of_others(self, install: Callable[..., None]) -> None:
        install(acme="no_such_package_anywhere:Acme")
        assert registry.names() == ["truedy", "techladder", "talkifai", "acme"]
        assert registry.load("truedy") is Truedy
