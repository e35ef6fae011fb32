# Parley: every step is a plain command; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
# The parts of the set-up do not depend on each other, so they are made at the same time.
MAKEFLAGS += --no-print-directory -j4

# Your own stage, named after you.
STAGE ?= $(shell $(PY) -m stacks.default_stage)
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
PY := $(BIN)/python
CDK := node_modules/.bin/cdk
# All processes share their compiled modules, outside the source folders. A test run starts hundreds of processes.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.build/pycache
unexport PYTHONDONTWRITEBYTECODE
# Node 20.19 works, although jsii calls it untested; the README recommends Node 22.
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
export JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION := 1
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up -----------------------------------------------------------------

.PHONY: setup
setup: .venv/.installed node_modules/.installed ui/node_modules/.installed ## Make .venv and node_modules (fast when nothing changed)

.PHONY: prerequisites
prerequisites:
	@command -v $(PYTHON) >/dev/null || { echo "Parley needs Python 3.11 or newer, and '$(PYTHON)' is not on the PATH. Install it, or name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Parley needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -c 'import platform; print(platform.python_version())'). Name another: make PYTHON=python3.12"; exit 1; }
	@command -v node >/dev/null || { echo "Parley needs Node 22.12 or newer (20.19 works too) for the AWS CDK and the UI, and 'node' is not on the PATH: https://nodejs.org"; exit 1; }
	@node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)' || { echo "Parley needs Node 22.12 or newer (20.19 works too); this one is $$(node --version): https://nodejs.org"; exit 1; }

.venv/.installed: requirements.txt functions/requirements.txt pyproject.toml | prerequisites
	@echo "Making .venv"
	@test -x $(PY) || $(PYTHON) -m venv .venv || { echo "Python could not make a virtual environment (on Debian and Ubuntu: apt install python3-venv)."; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --python $(PY) -r requirements.txt
	@$(BIN)/uv pip install --quiet --python $(PY) --no-deps --editable .
	@touch $@

node_modules/.installed: package.json package-lock.json | prerequisites
	@echo "Installing the CDK CLI"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

ui/node_modules/.installed: ui/package.json ui/package-lock.json | prerequisites
	@echo "Installing the UI's packages"
	@npm --prefix ui ci --no-audit --no-fund --loglevel=error
	@touch $@

ui/dist/index.html: ui/node_modules/.installed $(shell find ui/src ui/public ui/scripts ui/index.html ui/vite.config.ts ui/tsconfig*.json ui/package.json -type f 2>/dev/null)
	@echo "Building the UI"
	@npm --prefix ui run --silent build

.PHONY: lock
lock: .venv/.installed ## Resolve requirements.in into requirements.txt again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --custom-compile-command "make lock" requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --custom-compile-command "make lock" --no-annotate -c requirements.txt functions/requirements.in -o functions/requirements.txt

# --- the local stage ----------------------------------------------------------

.PHONY: run stop reset
run: setup ## Run everything on this machine and print the address of the chat (Ctrl-C stops it)
	@$(BIN)/parley up

stop: ## Stop the local stage that another terminal or the background runs
	@test -x $(BIN)/parley && $(BIN)/parley down || echo "Nothing is set up, so nothing runs."

reset: ## Stop the local stage and delete its data
	@test -x $(BIN)/parley && $(BIN)/parley reset || echo "Nothing is set up, so there is no data to delete."

# --- checks -------------------------------------------------------------------

# SHUFFLE=1: in random order; the seed is printed, and SHUFFLE=seed repeats it. TESTS="-k sending": fewer of them.
RANDOM_ORDER = $(if $(SHUFFLE),-p randomly $(if $(filter-out 1,$(SHUFFLE)),--randomly-seed=$(SHUFFLE)))

.PHONY: check test test-all guarantees mutants format
check: setup ui/dist/index.html ## Lint, types, quick unit and contract tests, the UI's checks if it has changed: less than a minute; the first time two
	@$(PY) -m tests.runner check $(TESTS)

test: setup ui/dist/index.html ## Everything that a change has to pass, in a real browser too: five to ten minutes on two cores
	@$(PY) -m tests.browser.chromium
	@$(PY) -m tests.runner test $(RANDOM_ORDER) $(TESTS)

test-all: setup ui/dist/index.html ## Everything, the thorough tests too: what runs every night
	@$(PY) -m tests.browser.chromium
	@$(PY) -m tests.runner test-all $(RANDOM_ORDER) $(TESTS)

# LONG=1: 200 random schedules, 20 crashes, 10,000 frames and requests, 1,000 members. STAGE_NAME=dev: a deployed stage.
guarantees: setup ui/dist/index.html ## Try to break every promise on a local stage (LONG=1: the long form)
	@$(if $(LONG),PARLEY_EMULATOR_WORKERS_PER_FUNCTION=48) $(PY) -m pytest -q tests/guarantees --thorough $(if $(LONG),--long -s) $(if $(STAGE_NAME),--stage $(STAGE_NAME))

# ONLY="4 ": those whose promise, text, target or test contains it. JOBS=1: one after the other.
mutants: setup ui/dist/index.html ## Break each promise with a small change of the code, and check that its test fails
	@$(PY) -m tests.mutants $(if $(ONLY),--only "$(ONLY)") $(if $(JOBS),--jobs $(JOBS))

format: setup ## Format the code
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

# --- AWS ----------------------------------------------------------------------

.PHONY: synth deploy destroy
synth: setup ui/dist/index.html ## Write the templates of STAGE to cdk.out/
	@$(CDK) synth --quiet -c stage=$(STAGE) 2>&1 | grep -v '^Supply a stack id'
	@echo "The templates of $(STAGE) are in cdk.out/"

deploy: setup ui/dist/index.html ## Deploy STAGE, by default your own, to the AWS account of your credentials
	$(CDK) deploy --all -c stage=$(STAGE)

destroy: setup ui/dist/index.html ## Remove STAGE from the AWS account of your credentials
	$(BIN)/parley --stage $(STAGE) prepare-destroy
	$(CDK) destroy --all -c stage=$(STAGE)

# --- documents and figures ------------------------------------------------------

.PHONY: fault-drill
fault-drill: setup ## Break the running local stage for a minute, find the fault and repair it
	@$(PY) -m bench.fault_drill

.PHONY: docs screenshots bench
docs: setup ## Write the JSON Schemas, AsyncAPI, the UI's types and the tables of documents again from the code
	@$(PY) -m docs.generate && $(PY) -m tests.guarantees.incidents

screenshots: setup ui/dist/index.html ## Take the pictures of the documents again, from a fresh local stage
	@$(PY) -m tests.browser.chromium && $(PY) -m tests.browser.screenshots

# FULL=1: more rounds, recipients and messages, about an hour. ONLY="pair aging": some of it.
bench: setup ## Measure a new local stage, and the direct design on the same emulator
	@$(PY) -m bench.suite $(if $(FULL),--full) $(foreach part,$(ONLY),--only $(part))
