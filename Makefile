# `make demo` and `make test` each set up all they need; `make help` lists the rest.
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo
JOBS ?= 2
ENVIRONMENT := pyproject.toml constraints.txt tools/make_environment.sh
# Modules are compiled once and not in each of some thousand processes, whatever the environment says of bytecode.
PYTEST = PYTHONDONTWRITEBYTECODE= PYTEST_DEBUG_TEMPROOT=$$(tools/test_room.sh) $(BIN)/python -m pytest

.DEFAULT_GOAL := help
TRAINERS := tests/trainers
.PHONY: help env demo test test-fast test-trainers check check-types check-rest kernels format docs bench gates new-operator clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "make %-14s %s\n", $$1, $$2}'

$(VENV)/.core: $(ENVIRONMENT)
	@tools/make_environment.sh $(VENV)
	@touch $@

$(VENV)/.dev: $(ENVIRONMENT)
	@tools/make_environment.sh $(VENV) dev
	@touch $@ $(VENV)/.core

env: $(VENV)/.dev ## the environment for development

demo: $(VENV)/.core ## build the bundled sample crawl end to end and say where the report is
	$(BIN)/weft demo $(DEMO)

test: kernels ## every test, the quality gates among them
	$(PYTEST) -n $(JOBS) --dist worksteal

test-fast: $(VENV)/.dev ## the tests that take under a minute together
	$(PYTEST) -n $(JOBS) --dist worksteal -m "not slow and not gate"

$(VENV)-axolotl/.made: $(TRAINERS)/axolotl.txt | $(VENV)/.dev
	$(BIN)/python -m venv $(VENV)-axolotl
	$(VENV)-axolotl/bin/python -m pip install -q --disable-pip-version-check -r $<
	$(VENV)-axolotl/bin/python -m pip install -q --disable-pip-version-check --no-deps axolotl==0.19.0
	@touch $@

$(VENV)-llama-factory/.made: $(TRAINERS)/llama_factory.txt | $(VENV)/.dev
	$(BIN)/python -m venv $(VENV)-llama-factory
	$(VENV)-llama-factory/bin/python -m pip install -q --disable-pip-version-check -r $<
	$(VENV)-llama-factory/bin/python -m pip install -q --disable-pip-version-check --no-deps llamafactory==0.9.5
	@touch $@

test-trainers: $(VENV)/.dev $(VENV)-axolotl/.made $(VENV)-llama-factory/.made ## exports read by Axolotl and LLaMA-Factory, each in an environment of its own
	AXOLOTL_PYTHON=$(abspath $(VENV)-axolotl/bin/python) LLAMA_FACTORY_PYTHON=$(abspath $(VENV)-llama-factory/bin/python) \
	    $(PYTEST) $(TRAINERS)/check_axolotl.py $(TRAINERS)/check_llama_factory.py

gates: $(VENV)/.dev ## the quality floors over real data
	$(PYTEST) tests/gates

# The kernels that tests need are compiled here because the check of types leaves a core idle.
check: $(VENV)/.dev ## format, lint, strict types, import directions, house style, docs drift
	@$(MAKE) --no-print-directory -j 2 --output-sync=target check-types check-rest kernels

check-types: $(VENV)/.dev
	$(BIN)/mypy

check-rest: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python tools/check_style.py
	$(BIN)/python tools/generate_docs.py --check

# Without it each process of the tests compiles every kernel for itself.
kernels: $(VENV)/.dev ## compile all kernels into this user's cache
	@$(BIN)/python tools/compile_kernels.py

format: $(VENV)/.dev ## put the code in its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## write the generated pages of docs/
	$(BIN)/python tools/generate_docs.py

$(VENV)-peers/.made: benchmarks/peers.txt | $(VENV)-bench/.core
	$(VENV)-bench/bin/python -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip install -q --disable-pip-version-check -r benchmarks/peers.txt
	@touch $@

$(VENV)-peers-minhash/.made: benchmarks/peers_minhash.txt | $(VENV)-bench/.core
	$(VENV)-bench/bin/python -m venv $(VENV)-peers-minhash
	$(VENV)-peers-minhash/bin/python -m pip install -q --disable-pip-version-check -r benchmarks/peers_minhash.txt
	@touch $@

$(VENV)-bench/.core: $(ENVIRONMENT)
	@tools/make_environment.sh $(VENV)-bench
	@touch $@

bench: $(VENV)-bench/.core $(VENV)-peers/.made $(VENV)-peers-minhash/.made ## time weft beside named peers, in over an hour; docs/benchmarks.md has the tables
	$(VENV)-bench/bin/python benchmarks/pipeline.py --peer $(VENV)-peers/bin/python
	$(VENV)-bench/bin/python benchmarks/crawl.py --peer $(VENV)-peers/bin/python
	$(VENV)-bench/bin/python benchmarks/substrings.py --peer $(VENV)-peers/bin/python
	$(VENV)-bench/bin/python benchmarks/near_duplicates.py --edges 100000000 --peer $(VENV)-peers/bin/python
	$(VENV)-bench/bin/python benchmarks/earlier.py --peer $(VENV)-peers/bin/python
	$(VENV)-bench/bin/python benchmarks/similar_documents.py --peer $(VENV)-peers-minhash/bin/python
	$(VENV)-bench/bin/python benchmarks/semantic.py --peer $(VENV)-peers/bin/python
	$(VENV)-bench/bin/python benchmarks/decontaminate.py --peer $(VENV)-peers/bin/python
	$(VENV)-bench/bin/python benchmarks/memory.py
	$(VENV)-bench/bin/python benchmarks/kernels.py

new-operator: $(VENV)/.dev ## code, example and test of a new operator: make new-operator NAME=label.x
	$(BIN)/python tools/new_operator.py "$(NAME)"

clean: ## take away the environment, caches and the demo
	rm -rf $(VENV) $(VENV)-peers $(VENV)-peers-minhash $(VENV)-bench $(VENV)-axolotl $(VENV)-llama-factory $(DEMO) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
