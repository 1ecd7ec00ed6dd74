"""What is loaded, and what is not, by importing the package and by connecting."""

import subprocess
import sys


class TestImporting:
    def modules_after(self, code: str) -> set[str]:
        """The modules that are loaded in a new interpreter after this code."""
        result = subprocess.run(
            [sys.executable, "-c", f"{code}\nimport sys; print('\\n'.join(sys.modules))"],
            capture_output=True,
            text=True,
            check=True,
        )
        return set(result.stdout.split())

    def test_the_package_loads_no_vendor_and_nothing_heavy(self) -> None:
        loaded = self.modules_after("import unibatch")
        heavy = {"httpx", "rich", "click", "starlette", "uvicorn", "cattrs", "phonenumbers", "platformdirs"}
        assert loaded & heavy == set()
        assert {name for name in loaded if name.startswith(("unibatch.providers", "unibatch.client"))} == set()

    def test_connecting_loads_the_vendor_that_is_asked_for(self) -> None:
        loaded = self.modules_after("import unibatch; unibatch.connect(provider='truedy', api_key='x').close()")
        vendors = {"unibatch.providers.truedy", "unibatch.providers.techladder", "unibatch.providers.talkifai"}
        assert loaded & vendors == {"unibatch.providers.truedy"}
        assert loaded & {"starlette", "uvicorn", "phonenumbers", "pytest"} == set()
