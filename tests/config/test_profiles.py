"""Profiles: where they are, what they may hold, and what is wrong with them."""

from pathlib import Path
from typing import Any

import pytest

from tests.config.conftest import MINIMAL, TWO, refusal, write
from unibatch import Retry, Timeout
from unibatch.client import Options
from unibatch.config import (
    Profile,
    connect,
    find_file,
    load_profile,
    profile_names,
    provider_of_target,
)


class TestWhereTheFileIs:
    def test_the_variable_comes_first_then_the_working_directory_then_the_users(
        self, tmp_path: Path, user_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(MINIMAL, user_file)
        assert find_file() == user_file
        write(MINIMAL)
        assert find_file() == Path("unibatch.toml")
        named = write(MINIMAL, tmp_path / "other.toml")
        monkeypatch.setenv("UNIBATCH_CONFIG", str(named))
        assert find_file() == named

    def test_the_variable_may_begin_with_the_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(MINIMAL, tmp_path / "home" / "u.toml")
        monkeypatch.setenv("UNIBATCH_CONFIG", "~/u.toml")
        assert find_file() == tmp_path / "home" / "u.toml"

    @pytest.mark.parametrize("name", ["missing.toml", "~no-such-user/unibatch.toml", "."])
    def test_the_variable_must_name_a_file(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        write(MINIMAL)
        monkeypatch.setenv("UNIBATCH_CONFIG", name)
        assert refusal(find_file) == f"UNIBATCH_CONFIG names {name}, which is not a file; correct or unset it"

    def test_an_empty_variable_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write(MINIMAL)
        monkeypatch.setenv("UNIBATCH_CONFIG", "")
        assert find_file() == Path("unibatch.toml")


class TestWhichProfile:
    @pytest.mark.parametrize(
        ("text", "name", "found"),
        [(TWO, "other", "other"), ('default = "other"\n' + TWO, None, "other"), (MINIMAL, None, "main")],
        ids=["the named one", "the default", "the only one"],
    )
    def test_is_found(self, text: str, name: str | None, found: str) -> None:
        write(text)
        assert load_profile(name).name == found

    @pytest.mark.parametrize(
        ("text", "name", "message"),
        [
            (
                TWO,
                None,
                (
                    'unibatch.toml sets no default profile: name one, or write default = "..." at its top; '
                    "known are main, other"
                ),
            ),
            (TWO, "mane", "there is no profile 'mane' in unibatch.toml; known are main, other"),
            (
                'default = "mane"\n' + MINIMAL,
                "main",
                "unibatch.toml: default names the profile 'mane', which is not there; known are main",
            ),
            ("", "main", "there is no profile 'main' in unibatch.toml; it has no profiles yet"),
        ],
        ids=["two and no default", "unknown", "an unknown default", "no profiles"],
    )
    def test_is_not_found(self, text: str, name: str | None, message: str) -> None:
        write(text)
        assert refusal(lambda: load_profile(name)) == message

    def test_their_names_do_not_need_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("TRUEDY_API_KEY")
        write(TWO)
        assert profile_names() == ["main", "other"]


class TestProviderOfTarget:
    """Where a profile or a provider may be named."""

    def test_a_profile_goes_before_a_provider_of_the_same_name(self) -> None:
        write(MINIMAL.replace("main", "techladder") + '[profiles.techladder.defaults]\nagent_id = "agt_1"\n')
        found = provider_of_target("techladder")
        assert (found.name, found.defaults) == ("truedy", {"agent_id": "agt_1"})

    def test_a_provider_needs_no_file(self) -> None:
        assert provider_of_target("techladder").name == "techladder"

    def test_what_is_neither_is_refused_as_a_profile(self) -> None:
        write(MINIMAL)
        assert (
            refusal(lambda: provider_of_target("mane")) == "there is no profile 'mane' in unibatch.toml; known are main"
        )


class TestWithoutAFile:
    REMEDY = "run `unibatch init` to write a unibatch.toml, or set UNIBATCH_PROVIDER and UNIBATCH_API_KEY"

    def test_the_environment_is_one_profile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("UNIBATCH_PROVIDER", "techladder")
        monkeypatch.setenv("UNIBATCH_API_KEY", " sk_1\n")
        monkeypatch.setenv("UNIBATCH_BASE_URL", "https://example.com")
        assert load_profile() == Profile(
            name="environment",
            provider="techladder",
            api_key="sk_1",
            options=Options(base_url="https://example.com"),
        )
        assert load_profile("environment") == load_profile()
        assert profile_names() == ["environment"]

    def test_nothing_is_set(self) -> None:
        assert refusal(load_profile) == (
            f"there is no unibatch.toml, here or in the user's configuration directory; {self.REMEDY}"
        )
        assert profile_names() == []

    def test_a_named_profile_needs_a_file(self) -> None:
        assert refusal(lambda: load_profile("main")) == (
            f"there is no profile 'main', since there is no unibatch.toml; {self.REMEDY}"
        )

    def test_the_key_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("UNIBATCH_PROVIDER", "techladder")
        assert refusal(load_profile) == (
            "UNIBATCH_PROVIDER is set and UNIBATCH_API_KEY is not; set it to the vendor's key"
        )

    def test_a_file_outweighs_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write(MINIMAL)
        monkeypatch.setenv("UNIBATCH_PROVIDER", "techladder")
        monkeypatch.setenv("UNIBATCH_API_KEY", "sk_1")
        assert load_profile().provider == "truedy"

    @pytest.mark.parametrize(
        ("provider", "given", "defaults"),
        [
            (
                "truedy",
                {"AGENT_ID": "a1", "FROM_NUMBER_IDS": "n1, n2"},
                {"agent_id": "a1", "from_number_ids": ["n1", "n2"]},
            ),
            (
                "techladder",
                {"VERSION_ID": "v1", "RECORDING_ENABLED": "false", "MAX_DURATION_SECONDS_PER_CALL": "300"},
                {"version_id": "v1", "recording_enabled": False, "max_duration_seconds_per_call": 300},
            ),
            (
                "talkifai",
                {"ORGANIZATION_ID": "org_1", "FROM_NUMBER_IDS": "pn_1"},
                {"organization_id": "org_1", "from_number_ids": ["pn_1"]},
            ),
        ],
    )
    def test_the_environment_has_the_settings_of_every_vendor(
        self, provider: str, given: dict[str, str], defaults: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write("\ufeffsk_1\n", Path("key"))
        options = {"TIMEOUT": "60", "CONNECT_TIMEOUT": "7", "RETRY_ATTEMPTS": "2", "MAX_IN_FLIGHT": "3"}
        for name, value in {"PROVIDER": provider, "API_KEY_FILE": "key", **options, **given}.items():
            monkeypatch.setenv(f"UNIBATCH_{name}", value)
        with connect() as client:
            assert client.provider == provider
        assert load_profile() == Profile(
            name="environment",
            provider=provider,
            api_key="sk_1",
            options=Options(timeout=Timeout(connect=7, read=60), retry=Retry(attempts=2), max_in_flight=3),
            defaults=defaults,
        )

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("PROVIDER", "trudy", "UNIBATCH_PROVIDER: there is no provider 'trudy'"),
            ("TIMEOUT", "long", "UNIBATCH_TIMEOUT must be a number, not 'long'"),
            ("MAX_IN_FLIGHT", "99", "max_in_flight is a whole number from 1 to 64, not 99"),
            ("RECORDING_ENABLED", "perhaps", "UNIBATCH_RECORDING_ENABLED must be true or false, not 'perhaps'"),
            ("FROM_NUMBER_IDS", "n1,,n2", "UNIBATCH_FROM_NUMBER_IDS must be a list of texts that is not blank"),
            ("PROFILE", "main", "UNIBATCH_PROFILE: there is no profile 'main', since there is no unibatch.toml"),
        ],
    )
    def test_a_variable_that_makes_no_sense_is_named(
        self, name: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for other, given in {"PROVIDER": "techladder", "API_KEY": "sk_1", name: value}.items():
            monkeypatch.setenv(f"UNIBATCH_{other}", given)
        assert reason in refusal(load_profile)

    def test_a_variable_names_the_profile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before the file does, after the program does."""
        write('default = "main"\n' + TWO)
        monkeypatch.setenv("UNIBATCH_PROFILE", "other")
        assert (load_profile().name, load_profile("main").name) == ("other", "main")
        monkeypatch.setenv("UNIBATCH_PROFILE", "third")
        assert refusal(load_profile).startswith("UNIBATCH_PROFILE: there is no profile 'third' in unibatch.toml")


class TestTextsOfTheEnvironment:
    """``{ env = "NAME" }`` stands for any text of a profile."""

    FILE = (
        '[profiles.main]\nprovider = { env = "A" }\napi_key = { env = "TRUEDY_API_KEY" }\nbase_url = { env = "B" }\n'
        '[profiles.main.defaults]\nagent_id = { env = "C" }\nfrom_number_ids = [{ env = "D" }, "n2"]\n'
    )

    def test_they_are_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write(self.FILE)
        for name, value in {"A": "truedy", "B": "https://example.com", "C": " a1\n", "D": "n1"}.items():
            monkeypatch.setenv(name, value)
        found = load_profile()
        assert (found.provider, found.options.base_url) == ("truedy", "https://example.com")
        assert found.defaults == {"agent_id": "a1", "from_number_ids": ["n1", "n2"]}

    def test_one_that_is_not_set_is_named_if_its_profile_is_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write(self.FILE + MINIMAL.replace("main", "other"))
        for name, value in {"A": "truedy", "B": "https://example.com", "C": "a1"}.items():
            monkeypatch.setenv(name, value)
        assert load_profile("other").provider == "truedy"
        assert refusal(lambda: load_profile("main")) == (
            "unibatch.toml: profiles.main.defaults.from_number_ids[0]: the environment variable D is not set; set it"
        )


class TestKey:
    def key(self, source: str) -> str:
        write(f'[profiles.main]\nprovider = "truedy"\napi_key = {source}\n')
        return load_profile().api_key

    def test_from_the_environment_without_the_blanks_around_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TRUEDY_API_KEY", " the-key\n")
        assert self.key('{ env = "TRUEDY_API_KEY" }') == "the-key"

    @pytest.mark.parametrize("value", [None, " "])
    def test_a_variable_that_is_not_set_is_named(self, value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("TRUEDY_API_KEY")
        if value is not None:
            monkeypatch.setenv("TRUEDY_API_KEY", value)
        assert refusal(lambda: self.key('{ env = "TRUEDY_API_KEY" }')) == (
            "unibatch.toml: profiles.main.api_key: the environment variable TRUEDY_API_KEY is not set; "
            "set it to the key"
        )

    @pytest.mark.parametrize("named", ["{tmp}/home/key", "~/key", "../home/key"])
    def test_from_a_file(self, tmp_path: Path, named: str) -> None:
        write("file-key\n", tmp_path / "home" / "key")
        assert self.key(f"{{ file = '{named.format(tmp=tmp_path.as_posix())}' }}") == "file-key"

    def test_from_a_file_beside_the_configuration(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write("file-key\n", tmp_path / "user" / "key")
        write('[profiles.main]\nprovider = "truedy"\napi_key = { file = "key" }\n', tmp_path / "user" / "u.toml")
        monkeypatch.setenv("UNIBATCH_CONFIG", "../user/u.toml")
        assert load_profile().api_key == "file-key"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (None, "the key file key cannot be read: No such file or directory"),
            (b"key\xff", "the key file key cannot be read: "),
            (b"k" * 1_000_001, "the key file key cannot be read: it has more than 1,000,000 bytes"),
            (b" \n", "the key file key is empty; write the key into it"),
        ],
        ids=["missing", "no text", "too long", "empty"],
    )
    def test_a_file_without_a_key_is_named(self, content: bytes | None, reason: str) -> None:
        if content is not None:
            Path("key").write_bytes(content)
        message = refusal(lambda: self.key('{ file = "key" }'))
        assert message.startswith(f"unibatch.toml: profiles.main.api_key: {reason}")
        assert message.count("key file key") == 1

    @pytest.mark.parametrize("name", ["~no-such-user/key", "\\u0000", "."])
    def test_a_file_that_cannot_be_is_named(self, name: str) -> None:
        message = refusal(lambda: self.key(f'{{ file = "{name}" }}'))
        assert message.startswith("unibatch.toml: profiles.main.api_key: the key file ")
        assert " cannot be read: " in message

    def test_in_the_configuration_itself_it_is_refused_and_not_shown(self) -> None:
        message = refusal(lambda: self.key('"a-literal-key"'))
        assert message == (
            "unibatch.toml: profiles.main.api_key: a key in the file itself is refused, since files get shared; "
            'write { env = "NAME" } or { file = "PATH" }, or set allow_literal_key = true if the key opens nothing'
        )

    def test_in_the_configuration_itself_it_may_be_allowed(self) -> None:
        assert self.key('"a-literal-key"\nallow_literal_key = true') == "a-literal-key"

    @pytest.mark.parametrize("source", ["{}", '{ env = "A", file = "b" }'])
    def test_it_has_one_source(self, source: str) -> None:
        assert refusal(lambda: self.key(source)) == (
            'unibatch.toml: profiles.main.api_key: write either { env = "NAME" } or { file = "PATH" }'
        )

    @pytest.mark.parametrize(
        ("source", "where", "reason"),
        [
            ('{ enf = "A" }', ".enf", "unknown key"),
            ("{ env = 1 }", ".env", "expected str, got int"),
            ("5", "", "not a table"),
            ('["A"]', "", "not a table"),
        ],
    )
    def test_a_source_that_makes_no_sense(self, source: str, where: str, reason: str) -> None:
        assert refusal(lambda: self.key(source)) == (
            f'unibatch.toml: profiles.main.api_key{where}: {reason}; write {{ env = "NAME" }} or {{ file = "PATH" }}'
        )

    def test_a_repr_does_not_show_it(self) -> None:
        write(MINIMAL)
        assert repr(load_profile()) == (
            f"Profile(name='main', provider='truedy', options={Options()!r}, defaults={{}})"
        )


class TestTimeout:
    def timeout(self, setting: str) -> Timeout:
        write(MINIMAL + f"timeout = {setting}\n")
        return load_profile().options.timeout

    @pytest.mark.parametrize(
        ("setting", "expected"),
        [
            ("7", Timeout(connect=7, read=7)),
            ("7.5", Timeout(connect=7.5, read=7.5)),
            ("{ connect = 1, read = 2.5 }", Timeout(connect=1, read=2.5)),
            ("{ read = 60 }", Timeout(connect=5.0, read=60)),
        ],
    )
    def test_a_number_is_for_both_and_a_table_may_leave_one_out(self, setting: str, expected: Timeout) -> None:
        assert self.timeout(setting) == expected

    @pytest.mark.parametrize(
        ("setting", "where"),
        [
            ("0", "timeout"),
            ("nan", "timeout"),
            ('"5"', "timeout"),
            ("true", "timeout"),
            ("[1]", "timeout"),
            ("{ connect = 0 }", "timeout"),
            ('{ connect = "1" }', "timeout.connect"),
            ("{ konnect = 1 }", "timeout.konnect"),
        ],
    )
    def test_anything_else_is_refused(self, setting: str, where: str) -> None:
        message = refusal(lambda: self.timeout(setting))
        assert message.startswith(f"unibatch.toml: profiles.main.{where}")
        assert message.endswith("; write a number of seconds above 0, or { connect = 5, read = 30 }")


class TestOptions:
    """How often to try again, and how many requests to send at a time and in a minute."""

    def options(self, setting: str) -> Options:
        write(f"{MINIMAL}{setting}\n")
        return load_profile().options

    def test_left_out(self) -> None:
        write(MINIMAL)
        assert load_profile().options == Options(
            timeout=Timeout(connect=5.0, read=30.0),
            retry=Retry(attempts=6, total=300.0),
            requests_per_minute=None,
            max_in_flight=8,
            rate_limit_file=None,
        )

    @pytest.mark.parametrize(
        ("setting", "expected"),
        [
            ("retry = { attempts = 3, total = 60 }", Options(retry=Retry(attempts=3, total=60))),
            ("retry = { total = 0.5 }", Options(retry=Retry(total=0.5))),
            ("retry = {}", Options()),
            ("requests_per_minute = 1", Options(requests_per_minute=1)),
            ("requests_per_minute = 1_000_000", Options(requests_per_minute=1_000_000)),
            ("max_in_flight = 1", Options(max_in_flight=1)),
            ("max_in_flight = 64", Options(max_in_flight=64)),
        ],
    )
    def test_as_they_are_written(self, setting: str, expected: Options) -> None:
        assert self.options(setting) == expected

    @pytest.mark.parametrize(
        ("setting", "where", "reason"),
        [
            ("retry = 3", "retry", "not a table"),
            ("retry = { attempts = 0 }", "retry", "attempts is a whole number from 1 to 100, not 0"),
            ("retry = { attempts = 101 }", "retry", "attempts is a whole number from 1 to 100, not 101"),
            ("retry = { attempts = true }", "retry.attempts", "expected int, got bool"),
            ("retry = { total = 0 }", "retry", "total is a number of seconds above 0 and at most 86,400, not 0"),
            ("retry = { total = nan }", "retry", "total is a number of seconds above 0 and at most 86,400, not nan"),
            ("retry = { total = true }", "retry.total", "expected float, got bool"),
            ("retry = { times = 3 }", "retry.times", "unknown key"),
            ("requests_per_minute = true", "requests_per_minute", "expected int, got bool"),
            ("max_in_flight = 8.0", "max_in_flight", "expected int, got float"),
            ("rate_limit_file = 5", "rate_limit_file", "expected str, got int"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, setting: str, where: str, reason: str) -> None:
        assert refusal(lambda: self.options(setting)) == (
            f"unibatch.toml: profiles.main.{where}: {reason}; see `unibatch init` for what is possible"
        )

    @pytest.mark.parametrize(("key", "most"), [("requests_per_minute", "1,000,000"), ("max_in_flight", "64")])
    @pytest.mark.parametrize("number", [0, 1_000_001])
    def test_a_number_out_of_its_range_is_refused(self, key: str, most: str, number: int) -> None:
        assert refusal(lambda: self.options(f"{key} = {number}")) == (
            f"unibatch.toml: profiles.main: {key} is a whole number from 1 to {most}, not {number}"
        )


class TestRateLimitFile:
    def file(self, name: str) -> Path | None:
        write(f'{MINIMAL}rate_limit_file = "{name}"\n')
        return load_profile().options.rate_limit_file

    def test_it_stands_beside_the_configuration(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(f'{MINIMAL}rate_limit_file = "requests.sqlite"\n', tmp_path / "user" / "u.toml")
        monkeypatch.setenv("UNIBATCH_CONFIG", "../user/u.toml")
        assert load_profile().options.rate_limit_file == tmp_path / "user" / "requests.sqlite"

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("requests.sqlite", "here/requests.sqlite"),
            ("~/requests.sqlite", "home/requests.sqlite"),
            ("{tmp}/requests.sqlite", "requests.sqlite"),
        ],
    )
    def test_it_stays_where_it_is_when_the_working_directory_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, expected: str
    ) -> None:
        file = self.file(name.format(tmp=tmp_path.as_posix()))
        monkeypatch.chdir(tmp_path)
        assert file == tmp_path / expected

    @pytest.mark.parametrize("name", ["~no-such-user/requests.sqlite", "\\u0000"])
    def test_a_path_that_cannot_be_is_refused(self, name: str) -> None:
        message = refusal(lambda: self.file(name))
        assert message.startswith("unibatch.toml: profiles.main.rate_limit_file: ")
        assert message.endswith("; name a file in a directory that exists")

    def test_connecting_makes_it_but_not_its_directory(self) -> None:
        self.file("requests.sqlite")
        with connect("main"):
            assert Path("requests.sqlite").is_file()
        self.file("missing/requests.sqlite")
        message = refusal(lambda: connect("main"))
        assert message.startswith("profile 'main': ")
        assert str(Path("missing/requests.sqlite")) in message
        assert "in a directory that exists" in message
        assert not Path("missing").exists()


class TestFilesThatAreWrong:
    @pytest.mark.parametrize(
        ("text", "where", "reason"),
        [
            ("profile = 1\n", "profile", "unknown key"),
            (MINIMAL + "base_uri = 'x'\n", "profiles.main.base_uri", "unknown key; did you mean base_url?"),
            ("[profiles.main]\napi_key = 'x'\n", "profiles.main.provider", "missing"),
            ("[profiles.main]\nprovider = 'truedy'\n", "profiles.main.api_key", "missing"),
            ("[profiles.main]\nprovider = 1\napi_key = 'x'\n", "profiles.main.provider", "expected str, got int"),
            (MINIMAL + "allow_literal_key = 'yes'\n", "profiles.main.allow_literal_key", "expected bool, got str"),
            ("default = 1\n", "default", "expected str, got int"),
            ("profiles = 1\n", "profiles", "not a table"),
            ("profiles = { main = 1 }\n", "profiles.main", "not a table"),
            (MINIMAL + "defaults = 1\n", "profiles.main.defaults", "not a table"),
        ],
    )
    def test_the_key_and_the_file_are_named(self, text: str, where: str, reason: str) -> None:
        write(text)
        assert refusal(load_profile) == (f"unibatch.toml: {where}: {reason}; see `unibatch init` for what is possible")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_a_byte_order_mark_does_not_matter(self, encoding: str) -> None:
        """Nor does UTF-16: both are what editors and shells of Windows write."""
        Path("unibatch.toml").write_text('[profiles.main]\nprovider = "truedy"\napi_key = { file = "k" }\n', encoding)
        Path("k").write_text("sk_1\r\n", encoding)
        assert load_profile().api_key == "sk_1"

    def test_an_unknown_key_is_named_before_the_one_that_is_missing(self) -> None:
        write(MINIMAL.replace("provider", "providr"))
        assert refusal(load_profile).startswith(
            "unibatch.toml: profiles.main.providr: unknown key; did you mean provider?; see"
        )

    def test_a_wrong_provider_is_named_before_a_wrong_key(self) -> None:
        write('[profiles.main]\nprovider = "truedie"\napi_key = "literal"\n')
        message = refusal(load_profile)
        assert message.startswith("profile 'main': there is no provider 'truedie'")
        assert "profiles.main.api_key: a key in the file itself is refused" in message

    def test_broken_toml_names_the_line(self) -> None:
        write("default = 'a'\n[profiles\n")
        message = refusal(load_profile)
        assert message.startswith("unibatch.toml is not valid TOML: ")
        assert "at line 2" in message

    def test_a_file_that_is_nested_without_end(self) -> None:
        write(f"default = {'[' * 5_000}{']' * 5_000}")
        assert refusal(load_profile).startswith("unibatch.toml is not valid TOML: ")

    def test_a_file_that_is_not_utf8(self) -> None:
        Path("unibatch.toml").write_bytes(b"default = '\xff'")
        assert refusal(load_profile).startswith("unibatch.toml cannot be read: ")
