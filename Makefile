# The two commands that a newcomer needs: make demo, make test. Both build .venv by themselves.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := $(BIN)/python -m compileall -q unibatch # an editable install does not, and PYTHONDONTWRITEBYTECODE keeps Python from it

TESTED_WITH_HTTPX2 := $(addprefix tests/client/test_, $(addsuffix .py, bodies cassettes connections drivers http11 \
	processes_and_loops proxies redirects tls transport_failures))

.PHONY: demo test lint coverage format bench clean

demo: $(VENV)/.demo ## read one campaign of each vendor through one piece of code
	@$(BIN)/unibatch demo
	@echo "The command is $(BIN)/unibatch; to write just unibatch: source $(BIN)/activate"

test: export PYTHONDONTWRITEBYTECODE = # else each program that a test starts compiles the whole package
test: $(VENV)/.develop $(VENV)/httpx2 ## run the whole test suite, and with httpx2 the tests that are about connections
	$(BIN)/python -m pytest -n 3 --dist worksteal
	PYTHONPATH=$(VENV)/httpx2 $(BIN)/python -m pytest -n 3 --dist worksteal $(TESTED_WITH_HTTPX2)

lint: $(VENV)/.develop ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/check_types.py
	$(BIN)/lint-imports

coverage: $(VENV)/.develop ## the test suite again, with branch coverage
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report

format: $(VENV)/.develop ## apply the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: export PYTHONDONTWRITEBYTECODE = # else each program compiles the whole package, which an installed one never does
bench: $(VENV)/.bench ## the measurements that the documentation quotes; takes half an hour
	$(BIN)/python benchmarks/listing.py
	$(BIN)/python benchmarks/listing.py --ids ascending
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/waiting.py
	$(BIN)/python benchmarks/paced.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/client_floor.py
	$(BIN)/python benchmarks/pools.py
	$(BIN)/python benchmarks/placing.py
	$(BIN)/python benchmarks/migrating.py
	$(BIN)/python benchmarks/watch.py
	$(BIN)/python benchmarks/comparing.py
	$(BIN)/python benchmarks/command_line.py
	$(BIN)/python benchmarks/exporting.py

clean: ## remove what the other commands made
	find unibatch -name __pycache__ -prune -exec rm -rf {} +
	rm -rf $(VENV) .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist

$(BIN)/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "unibatch needs Python 3.11 or newer; install one, or name it: make demo PYTHON=/path/to/python" >&2; exit 1; }
	@echo "building a virtual environment in $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "no virtual environment could be made; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PIP) install --upgrade 'pip>=25.1' || { rm -rf $(VENV); \
		echo "pip could not be brought up to date; is a package index within reach?" >&2; exit 1; }

$(VENV)/.demo: $(BIN)/python pyproject.toml
	@echo "installing unibatch with its command line and its sandbox"
	@$(PIP) install --editable '.[all]' || { \
		echo "a package is missing: see the message of pip above" >&2; exit 1; }
	@$(COMPILE)
	@touch $@

$(VENV)/.bench: $(VENV)/.develop
	@echo "installing what unibatch is compared with"
	@$(PIP) install --group bench || { echo "a package is missing: see the message of pip above" >&2; exit 1; }
	@touch $@

$(VENV)/httpx2: $(BIN)/python pyproject.toml ## beside the environment, since there it would take the place of httpx
	@$(PIP) install --upgrade --target $@ httpx2 || { echo "a package is missing: see the message of pip above" >&2; exit 1; }
	@touch $@

$(VENV)/.develop: $(BIN)/python pyproject.toml
	@echo "installing unibatch with what its tests and its checks need"
	@$(PIP) install --editable '.[all]' --group test --group lint || { \
		echo "a package is missing: see the message of pip above" >&2; exit 1; }
	@$(COMPILE)
	@touch $@ $(VENV)/.demo
