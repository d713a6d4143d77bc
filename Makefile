# `make run` brings up the whole product, `make test` tests it, `make check` reads the code. None of them asks a question.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
SCRATCH_HOME = $$(mktemp -d)/home

.PHONY: run test check lint format lock messages screenshots soak-kill clean

# With XLLAMACPP_INDEX=URL llama.cpp comes from there, in a build that uses graphics cards; without it that of the lock comes back.
run: $(VENV)/installed
	@$(BIN)/python gemmaweb/local/llama_build.py "$(XLLAMACPP_INDEX)"
	@exec $(BIN)/python manage.py up

test: $(VENV)/installed-dev
	@sh tests/browser/ensure_chromium.sh
	@sh tests/documents/ensure_tesseract.sh
	$(BIN)/python -m pytest --durations=10 $(ARGS)

check: $(VENV)/installed-dev node_modules/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	GEMMAWEB_HOME=$(SCRATCH_HOME) $(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint templates --lint --check
	npx --no-install biome ci --error-on-warnings static/js static/css
	GEMMAWEB_HOME=$(SCRATCH_HOME) GEMMAWEB_LOG_LEVEL=ERROR $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	GEMMAWEB_HOME=$(SCRATCH_HOME) GEMMAWEB_HTTPS=1 GEMMAWEB_TRUSTED_PROXIES=127.0.0.1 $(BIN)/python manage.py check --deploy --fail-level WARNING

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .
	$(BIN)/djlint templates --reformat --quiet ; npx --no-install biome check --write static/js static/css

# Both locks from pyproject.toml: every hash, and no registry's name.
lock: $(VENV)/installed-dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

# Every text of the pages and of the code, for translators; needs GNU gettext.
messages: $(VENV)/installed-dev
	GEMMAWEB_HOME=$(SCRATCH_HOME) $(BIN)/python manage.py makemessages --locale de --no-obsolete --no-wrap --add-location file --ignore $(VENV) --ignore node_modules --ignore tests
	GEMMAWEB_HOME=$(SCRATCH_HOME) $(BIN)/python manage.py compilemessages --locale de --ignore $(VENV) --ignore node_modules

screenshots: $(VENV)/installed-dev
	@sh tests/browser/ensure_chromium.sh
	SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest tests/browser/test_first_answer.py tests/browser/test_first_hour.py $(ARGS)

soak-kill: $(VENV)/installed-dev
	$(BIN)/python -m bench.soak_kill

clean:
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Gemmaweb needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 run"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.lock | $(BIN)/python
	@echo "Installing what the product needs (once, about a minute)"
	@$(PIP_INSTALL) -r requirements.lock
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock requirements.lock | $(BIN)/python
	@echo "Installing what tests and checks need (once, about a minute)"
	@$(PIP_INSTALL) -r requirements-dev.lock
	@touch $@ $(VENV)/installed

node_modules/installed: package-lock.json
	npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@
