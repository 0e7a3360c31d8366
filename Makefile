# One entry point for people. `make` alone lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 7878
STORE ?= shop.kb
MINUTES ?= 0
.DEFAULT_GOAL := help
.PHONY: help demo serve test faults attack fuzz lint bench docs ontology lock clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.ready server/static/vendor ## Build a demo shop, walk through it, serve it on 127.0.0.1:7878
	@$(BIN)/kb demo --port $(PORT)

serve: $(VENV)/.ready server/static/vendor ## Serve STORE (default shop.kb)
	@$(BIN)/kb serve --store $(STORE) --port $(PORT)

test: $(VENV)/.dev server/static/vendor ## Run all tests; those that need more than the project say so and skip
	$(BIN)/python -m pytest -n auto --dist loadgroup $(TESTS)

faults: $(VENV)/.dev ## Kill, tear and fill: the fault tests with 200 rounds
	KB_FAULT_ROUNDS=200 $(BIN)/python -m pytest -n auto --dist loadgroup tests/faults

attack: $(VENV)/.dev ## Attack a real server; MINUTES=60 goes on with random requests for an hour
	KB_ATTACK_MINUTES=$(MINUTES) $(BIN)/python -m pytest -s tests/attacks

fuzz: $(VENV)/.dev ## Compare columns with Oxigraph on random queries; MINUTES=60 goes on for an hour, SEED=7 begins there
	$(BIN)/python -m tests.analytics.hunt --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

lint: $(VENV)/.dev ## Check style and types
	$(BIN)/ruff check kb server tests benchmarks examples
	$(BIN)/ruff format --check kb server tests benchmarks examples
	$(BIN)/mypy

bench: $(VENV)/.dev ## Run the benchmarks; each prints its figures and ratios
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

docs: $(VENV)/.ready ## Write docs/cli.md anew from the commands
	$(BIN)/python -m kb.cli.reference > docs/cli.md

ontology: $(VENV)/.ready ## Lay out ontology/ as a save in Protégé does, write kb/terms.py anew
	$(BIN)/python -m kb.ontology.turtle
	$(BIN)/python -m kb.ontology_terms

lock: $(VENV)/.dev ## Pin the dependencies anew, by version and hash
	$(BIN)/pip install --quiet uv
	for group in build dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header --no-annotate pyproject.toml --group $$group \
	    -o requirements$$(test $$group = dev && echo -dev).lock || exit 1; \
	done

clean: ## Remove what the other targets made
	rm -rf $(VENV) node_modules server/static/vendor demo.kb

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make demo PYTHON=python3.12"; exit 3; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing. On Debian: sudo apt install python3-venv"; exit 3; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.lock pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.ready
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# The rich query editor comes from npm where Node is there; without it a plain one serves.
server/static/vendor: package-lock.json | $(VENV)/.ready
	@if command -v npm >/dev/null; then \
	  npm ci --silent --ignore-scripts --no-audit --no-fund && $(BIN)/python -m server.assets; \
	else echo "Node is not here: the query editor will be the plain one"; mkdir -p $@; fi
	@touch $@
