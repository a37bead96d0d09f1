# One virtual environment, .venv, for everything. The set-up hangs on stamp files that are touched last, so one that broke half-way is taken up again.
# Kept to what GNU Make 3.81 knows: macOS ships it.

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
LLMOCK := build/llmock/bin/llmock
CLIENTS := build/clients
SCOREBOARD := build/scoreboard
PARSERS := $(filter-out %.no-deps,$(basename $(notdir $(wildcard tests/scoreboard/environments/*.txt))))
SPACE := build/space/.ready
UPSTREAM := build/upstream/.ready
MUTMUT := $(VENV)/.ready-mutants
CANDIDATES := $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4

.DEFAULT_GOAL := help
.PHONY: help demo mock test test-fast test-sdk test-space test-upstream mutants lint format bench load scoreboard screenshots browser nginx clients constraints clean

help:  ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(RUNTIME)  ## open the chat page on the embedded twin, at port 7860 (ARGS="--port 0": more flags)
	@$(BIN)/python -m demo $(ARGS)

mock: $(RUNTIME)  ## run the twin alone, at port 8080
	@$(BIN)/python -m mock_server $(ARGS)

test: $(DEV) browser nginx  ## run every test of the project's own parts, with a browser, and measure coverage
	$(PYTEST) --cov --ignore tests/clients --ignore tests/space --ignore tests/upstream $(ARGS)

test-fast: $(DEV)  ## run those that need no browser
	$(PYTEST) --ignore tests/browser --ignore tests/clients --ignore tests/space --ignore tests/upstream $(ARGS)

test-sdk: $(DEV) clients  ## run other people's clients against the twin, each in an environment of its own
	$(PYTEST) tests/clients $(ARGS)

test-space: $(DEV) browser $(SPACE)  ## start the page as a Hugging Face Space does, in the environment that a Space builds, and ask it in a browser
	$(PYTEST) --numprocesses 0 tests/space $(ARGS)

test-upstream: $(DEV) $(UPSTREAM)  ## put a real, tiny model behind the endpoints (installs torch; on Linux, name a CPU build by PIP_EXTRA_INDEX_URL)
	$(PYTEST) --numprocesses 0 tests/upstream $(ARGS)

mutants: $(MUTMUT)  ## break the code of the wire in every place that can be broken, one by one, and see that a test notices each
	@rm -rf mutants
	@$(BIN)/mutmut run $(ARGS)
	@$(BIN)/python -m tests.mutants

lint: $(DEV)  ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(DEV)  ## write the code in the house's style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(DEV) $(LLMOCK) browser  ## print the benchmarks as one table
	@$(BIN)/python -m tests.bench --llmock $(LLMOCK) $(ARGS)

load: $(DEV)  ## stream from an endpoint by Locust, whose page is at port 8089 (ARGS="--endpoint NAME --endpoint-url URL")
	@$(BIN)/python -m locust -f tests/load/locustfile.py --web-host 127.0.0.1 $(ARGS)

scoreboard: $(DEV) $(PARSERS:%=$(SCOREBOARD)/%/.ready)  ## hold public parsers against the contract kit's corpus, and write the scoreboard (ARGS="--only NAME" writes nothing)
	@$(BIN)/python -m tests.scoreboard $(ARGS)

screenshots: $(DEV) browser  ## take the README's pictures of the real page anew (ARGS="chat-light": these alone)
	$(BIN)/python -m tests.browser.pictures $(ARGS)

browser: $(DEV)  # a Chromium for the tests: Playwright's, the system's, or (as root) the distribution's
	@$(BIN)/python -m tests.browser.chromium

nginx: $(DEV)  # what stands in front of the page in a test: the system's, or (as root) the distribution's
	@$(BIN)/python -m tests.browser.nginx

clients: $(CLIENTS)/javascript/.ready $(CLIENTS)/aiobotocore/.ready $(CLIENTS)/frameworks/.ready $(CLIENTS)/sagemaker/.ready $(CLIENTS)/wheel/.ready  # other people's clients, each in an environment of its own

# A Space has the Python of the README's front matter; where there is none, that of the tests.
$(SPACE): requirements.txt tests/space/requirements.txt | $(DEV)
	@echo "Building build/space as a Hugging Face Space is built (once; a minute)."
	@$$(python3.12 -c 'import ensurepip, venv' 2>/dev/null && echo python3.12 || echo $(BIN)/python) -m venv --clear build/space
	@build/space/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r tests/space/requirements.txt
	@touch $@

$(UPSTREAM): tests/upstream/requirements.txt | $(DEV)
	@echo "Installing a model server into build/upstream (once; some minutes)."
	@$(BIN)/python -m venv --clear build/upstream
	@build/upstream/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(MUTMUT): tests/mutants/requirements.txt | $(DEV)
	@$(PIP_INSTALL) -r $<
	@touch $@

constraints:  ## resolve requirements anew, for the oldest Python, and pin the result
	@$(RESOLVE)

clean:  ## remove what was set up and built
	rm -rf $(VENV) build dist mutants *.egg-info .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis test-results

$(RUNTIME): requirements.txt constraints.txt
	@$(CREATE_VENV)
	@echo "Installing what the page and the twin need into $(VENV) (once; some minutes)."
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(DEV): $(RUNTIME) requirements-deploy.txt requirements-dev.txt
	@echo "Installing what the tests need into $(VENV) (once)."
	@$(PIP_INSTALL) -r requirements.txt -r requirements-deploy.txt -r requirements-dev.txt
	@touch $@

$(CLIENTS)/%/.ready: tests/clients/%.txt | $(DEV)
	@echo "Installing what $< names into $(@D) (once)."
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r $<
	@touch $@

# What NAME.no-deps.txt names is installed behind NAME.txt, without what it requires.
.SECONDEXPANSION:
$(SCOREBOARD)/%/.ready: tests/scoreboard/environments/%.txt $$(wildcard tests/scoreboard/environments/$$*.no-deps.txt) | $(DEV)
	@echo "Installing what $< names into $(@D) (once)."
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r $<
	@$(foreach file,$(filter %.no-deps.txt,$^),$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r $(file))
	@touch $@

$(CLIENTS)/wheel/.ready: pyproject.toml  # which says what it requires

$(CLIENTS)/javascript/.ready: tests/clients/package.json $(CLIENTS)/node/.ready
	@echo "Installing what $< names into $(@D) (once)."
	@rm -rf $(@D) && mkdir -p $(@D) && cp $< $(@D)
	@PATH="$(CURDIR)/$(CLIENTS)/node/bin:$$PATH" npm install --prefix $(@D) --no-audit --no-fund --no-package-lock --loglevel=error >/dev/null
	@touch $@

$(LLMOCK): | $(DEV)  # a peer of the twin's, with an environment of its own: what it needs is nothing of ours
	@$(BIN)/python -m venv --clear build/llmock
	@build/llmock/bin/python -m pip install --quiet --disable-pip-version-check llmock==0.2.2

# A virtual environment whose Python runs, is recent and has pip is kept, and pip completes it; any other is made anew.
define CREATE_VENV
if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
  without_venv=; \
  for python in $(CANDIDATES); do \
    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
    if $$python -c 'import ensurepip, venv' 2>/dev/null; then exec $$python -m venv --clear $(VENV); fi; \
    without_venv=$$python; \
  done; \
  if [ -n "$$without_venv" ]; then \
    echo "$$without_venv lacks the module venv. Debian and Ubuntu install it by: sudo apt-get install python3-venv" >&2; \
  else \
    echo "Python 3.11 or later is needed, and $(CANDIDATES) is none. Name one: make PYTHON=/path/to/python3" >&2; \
  fi; \
  exit 1; \
fi
endef

define RESOLVE
rm -rf build/constraints && python3.11 -m venv build/constraints && \
build/constraints/bin/pip install --quiet --disable-pip-version-check --upgrade -r requirements.txt -r requirements-deploy.txt -r requirements-dev.txt && \
{ echo "# What make and CI install: requirements.txt, requirements-deploy.txt and requirements-dev.txt, resolved on Python 3.11 by make constraints."; \
  build/constraints/bin/pip freeze --all --exclude pip; } > constraints.txt
endef
