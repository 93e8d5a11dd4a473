# Everything a developer or a build machine calls. `make` alone lists it.

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed-from-lock
JOBS  ?= $(shell expr 2 \* $$(nproc))

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick check bench dist generate lock clean

help:          ## this list
	@sed -n 's/^\([a-z]*\): [^#]*##/  make \1\t/p; s/^\([a-z]*\): *##/  make \1\t/p' $(MAKEFILE_LIST)

setup: $(STAMP)  ## creates .venv from requirements.lock; costs nothing the second time

$(STAMP): requirements.lock pyproject.toml
	@sh requirements/setup.sh $(VENV)
	@touch $@

demo: setup    ## the first five minutes: Chinese systems, simulated, on a bad day; no account
	@$(BIN)/isthmus demo

check: setup   ## style, types, layers, house rules, secrets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .cache/import-linter
	$(BIN)/pytest -q tests/house
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --no-verify --baseline .secrets.baseline

test: check    ## check, then every test
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

quick: setup   ## the tests that need no server, under a minute
	$(BIN)/pytest -n auto --dist loadfile -m "not servers and not slow"

bench: setup   ## speed against peers (tests/locks/bench.lock), as ratios in one run
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes --upgrade --target .cache/bench -r tests/locks/bench.lock
	@PYTHONPATH=.cache/bench $(BIN)/python -m tests.bench.run

dist: setup    ## dist/: the wheel, and a folder that installs without a network
	@$(BIN)/python -m deploy.dist

generate: setup  ## writes again what is made from the source: schema, help texts, reference pages
	@$(BIN)/python -m hub.store.migrations.generate
	@$(BIN)/python -m hub.commands.help
	@$(BIN)/python -m hub.commands.reference

lock: setup    ## writes the locks again from pyproject.toml and requirements/*.in
	@sh requirements/lock.sh $(BIN)/uv

clean:         ## removes what the targets above made
	rm -rf $(VENV) .cache .hypothesis .pytest_cache build dist
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
