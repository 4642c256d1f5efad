# Everything runs in .venv, which the first command makes. PYTHON=python3.12 make venv chooses the interpreter.

PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3,$(shell $(name) -c \
	'import sys; print(sys.executable) if sys.version_info >= (3, 11) else None' 2>/dev/null)))
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# A second emulator of AWS for the slow tests, in an environment of its own.
MINISTACK := $(VENV)/ministack

# The SAM command line asks for a region even where it makes no request.
export AWS_DEFAULT_REGION ?= us-east-1
export SAM_CLI_TELEMETRY ?= 0

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv run invoke statebag build test slow long rehearsal account bench docs schemas pictures lint format requirements clean

# The command as it is in this checkout, on the path of whoever activates the environment.
define STATEBAG
#!/bin/sh
export PYTHONPATH="$(CURDIR)/layers/universal_sync_core:$(CURDIR)"
exec "$(abspath $(BIN))/python" -m statebag "$$@"
endef
export STATEBAG

help: ## List the commands.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

venv: $(READY) ## Create the virtual environment, with pinned and hashed packages.

$(READY): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found."; exit 1; }
	@echo "Installing the packages of requirements-dev.txt into $(VENV): two or three minutes, once."
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --require-hashes --requirement requirements-dev.txt
	@printf '%s\n' "$$STATEBAG" > $(BIN)/statebag && chmod +x $(BIN)/statebag
	touch $@

run: $(READY) ## Run the example workflow on the local cloud, in under a minute. INTERACTIVE=1 asks for your approval, KEEP=1 keeps the cloud running.
	$(BIN)/python -m examples.api_catalog $(if $(INTERACTIVE),--interactive) $(if $(KEEP),--keep)

invoke: EVENT ?= events/sync_inline.json
invoke: $(READY) ## Run one event against the built function: make invoke EVENT=events/sync_inline.json
	$(BIN)/python -m local.invoke $(EVENT)

statebag: $(READY) ## Look into the state: make statebag ARGS="show <execution ARN>"
	@PYTHONPATH=layers/universal_sync_core:. $(BIN)/python -m statebag $(ARGS)

build: $(READY) ## Build the function and the layer for AWS, for `sam deploy` to deploy.
	PATH="$(abspath $(BIN)):$$PATH" sam build

# One process more than there are processors, for many tests wait; four at most. Those of one file run one after the
# other: they share what they deploy.
PROCESSES = $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 4 ? cores + 1 : 4)))
AT_ONCE = --numprocesses $(PROCESSES) --dist loadfile

test: $(READY) ## Run all tests but the slow ones, in ten minutes on two cores. TESTS=tests/core runs only some.
	$(BIN)/python -m pytest $(AT_ONCE) $(TESTS)

slow: $(READY) ## Run the slow tests that CI runs, in a quarter of an hour.
	$(BIN)/python -m pytest $(AT_ONCE) -m "slow and not long"

long: $(READY) ## Run the slow tests that CI has no time for, and properties with other examples, in 40 minutes: before a release.
	$(BIN)/python -m pytest $(AT_ONCE) -m long
	$(BIN)/python -m pytest $(AT_ONCE) -m "hypothesis and not long" --hypothesis-profile new-examples

rehearsal: $(READY) $(MINISTACK)/.ready ## Rehearse `make account` on ministack, a second emulator of AWS.
	MINISTACK=$(MINISTACK) $(BIN)/python -m pytest -m rehearsal

$(MINISTACK)/.ready: tests/ministack/requirements.txt | $(READY)
	$(BIN)/python -m venv --clear $(MINISTACK)
	$(MINISTACK)/bin/python -m pip install --quiet --require-hashes --requirement $<
	touch $@

account: $(READY) ## Check the stack in an AWS account: make account YES=<account id>. Also ONLY=<part>, KEEP=1, CLEAN=<run>.
	@PYTHONPATH=layers/universal_sync_core:functions/state_data_manager:. PATH="$(abspath $(BIN)):$$PATH" \
		$(BIN)/python -m account --yes "$(YES)" $(foreach part,$(ONLY),--only $(part)) $(if $(KEEP),--keep) \
		$(if $(CLEAN),--clean "$(CLEAN)")

bench: $(READY) ## Run the benchmarks, in a quarter of an hour: figures beside their targets, and a plot; ONLY="fresh cost" runs some.
	$(BIN)/python -m benchmarks $(ONLY)

docs: $(READY) ## Build the documentation as a site, in docs/_build/.
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build
	@echo "The site is built: open docs/_build/index.html"

schemas: $(READY) ## Generate the JSON Schemas in docs/schemas/ from the models.
	PYTHONPATH=layers/universal_sync_core:functions/state_data_manager:. $(BIN)/python -m docs.schemas

pictures: $(READY) ## Draw the pictures of the documentation.
	$(BIN)/python -m docs.pictures

lint: $(READY) ## Check style, types and the templates.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml layers/template.yaml
	$(BIN)/sam validate --lint
	$(BIN)/sam validate --lint --template-file layers/template.yaml

format: $(READY) ## Format the code.
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

# To pip before 23.3, name[extra] and name are two projects: what is pinned with an extra is pinned without it as well.
BOTH_FORMS = awk '/^[^ \#]/ { emit() } { block = block $$0 "\n" } END { emit() } function emit() \
	{ printf "%s", block; if (sub(/\[[^]]*\]==/, "==", block)) printf "%s", block; block = "" }'
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--custom-compile-command "make requirements"
LAYER := layers/universal_sync_core/requirements
EMULATOR := tests/ministack/requirements

requirements: ## Pin the packages of the .in files again (needs uv).
	$(COMPILE) requirements-dev.in | $(BOTH_FORMS) > requirements-dev.new
	mv requirements-dev.new requirements-dev.txt
	$(COMPILE) --constraint requirements-dev.txt $(LAYER).in | $(BOTH_FORMS) > $(LAYER).new
	mv $(LAYER).new $(LAYER).txt
	$(COMPILE) $(EMULATOR).in > $(EMULATOR).new
	mv $(EMULATOR).new $(EMULATOR).txt

clean: ## Remove everything that the commands above have created.
	rm -rf $(VENV) .aws-sam .local docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis
