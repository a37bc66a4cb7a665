# The verbs of this repository; `make help` lists them. Every step leaves a stamp, so that doing it again costs nothing.
#
# Locks are installed with their hashes; our own distributions are installed editable, without build isolation
# (the build tools are locked too) and without looking at any index.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STAMPS := $(VENV)/stamps

# One folder per distribution; the root is the first, because the others require it.
DISTS     := . $(patsubst %/pyproject.toml,%,$(wildcard web/pyproject.toml plugin_*/pyproject.toml plugins/*/pyproject.toml))
PACKAGES  := crm_core web/crm_web $(patsubst %/__init__.py,%,$(wildcard plugin_*/crm_*/__init__.py plugins/*/crm_*/__init__.py))
TESTS     := $(wildcard tests web/tests plugin_*/tests plugins/*/tests benchmarks)
MANIFESTS := $(DISTS:%=%/pyproject.toml) web/hatch_build.py
EDITABLE  := $(DISTS:%=-e %)
# Machines with npm use it; all others get node from the lock.
NODE      := $(if $(shell command -v npm),,$(STAMPS)/node)
# Two workers on a small machine; JOBS=8 make test on a big one.
JOBS      ?= 2
MARKS     := not browser and not postgresql and not slow

.DEFAULT_GOAL := help
.PHONY: help run install dev assets test check lint types build wheelhouse docs bench lock packages clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## install what is missing, then start the CRM and print its address
	@$(BIN)/crm start

install: $(STAMPS)/editable assets ## the runtime environment in .venv

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/%: requirements/%.txt | $(STAMPS)/venv
	$(PIP) install --quiet --require-hashes -r $<
	@touch $@

$(STAMPS)/editable: $(MANIFESTS) | $(STAMPS)/runtime $(STAMPS)/build $(NODE)
	$(PIP) install --quiet --no-index --no-deps --no-build-isolation $(EDITABLE)
	@touch $@

assets: | $(STAMPS)/build $(NODE) ## the browser code, from web/frontend
	@$(BIN)/python web/hatch_build.py

dev: $(STAMPS)/runtime $(STAMPS)/dev $(STAMPS)/editable assets ## the tools of developers, in the same environment

test: packages dev lint wheelhouse ## everything: linters, types, both databases, browser, wheels (30 minutes at most)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

check: dev lint ## the quick round: linters, types, tests on SQLite without a browser (3 minutes at most)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "$(MARKS)"

lint: dev types ## style, imports between layers, types
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo

types: dev
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/mypy --explicit-package-bases $(TESTS)

docs: dev ## what the documentation says, tried out
	$(BIN)/python -m pytest tests/docs

bench: dev ## the measurements of benchmarks/
	$(BIN)/python -m benchmarks

packages: ## chromium and PostgreSQL for the tests, when this machine lacks them
	@scripts/system_packages.sh

build: wheelhouse assets ## wheels of all distributions in dist/, with everything they require in dist/wheelhouse/
	rm -f dist/*.whl
	$(PIP) wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir dist $(DISTS:%=./%)
	@ls -1 dist/*.whl

wheelhouse: dist/wheelhouse/.complete

dist/wheelhouse/.complete: requirements/runtime.txt | $(STAMPS)/venv
	rm -rf $(@D) && mkdir -p $(@D)
	$(PIP) download --quiet --require-hashes --no-deps --only-binary :all: --dest $(@D) -r $<
	@touch $@

lock: ## new versions of everything in requirements/*.in (needs uv)
	cd requirements && for name in dev runtime build node; do \
	    constraint=$$(test $$name = dev || echo "--constraints dev.txt"); \
	    uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate $$constraint $$name.in -o $$name.txt; \
	done

clean: ## everything that make has made, except your data in var/
	rm -rf $(VENV) dist web/crm_web/static/dist web/frontend/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
