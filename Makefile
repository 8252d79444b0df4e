# SPDX-License-Identifier: Apache-2.0
# Every command once. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON := .venv/bin/python
JOBS ?= $(shell nproc)
# Git lists what belongs to the project; an unpacked archive has no git, and then no checks.
SOURCES = git ls-files --cached --others --exclude-standard

.PHONY: help setup dev demo test test-fast test-full test-asan test-tsan test-integrations test-spark test-reference \
  wheel check format docs tidy bench bench-large fuzz-smoke clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install Debian packages and the Python environment (nothing when all is there)
	@tools/setup.sh

dev: setup ## Build; leaves .venv/bin/gristmill and makes `import gristmill` work
	@tools/build.sh dev $(JOBS)

demo: dev ## Run the main job on the example corpus, print a summary and where the report is
	@$(PYTHON) tools/demo.py

test: dev ## Build and pass all tests: the fast group (under 10 minutes), then the full group
	@tools/run_tests.sh dev fast full

test-fast: dev ## The fast group of tests only
	@tools/run_tests.sh dev fast

test-full: dev ## The full group of tests only
	@tools/run_tests.sh dev full

test-asan: setup ## Unit tests and fuzzers with address and undefined-behaviour sanitizers
	@tools/build.sh asan $(JOBS)
	@tools/run_tests.sh asan '^(unit|fuzz)\.'

test-tsan: setup ## Unit tests of the threaded layers, and the server's, with the thread sanitizer
	@tools/build.sh tsan $(JOBS) base_test data_test engine_test store_test feedback_test server_test gristmill
	@ARROW_DEFAULT_MEMORY_POOL=system TSAN_OPTIONS=suppressions=$(CURDIR)/tools/tsan_suppressions.txt \
	  tools/run_tests.sh tsan '^(unit\.(base|data|engine|store|feedback|server)|server\.fast)$$'

test-integrations: dev ## Ray, Spark, DuckDB, Polars, pandas, DVC, MLflow (downloads about 1 GB)
	@tools/test_integrations.sh

test-spark: dev ## Spark with Iceberg, and PyIceberg, through the catalog (downloads about 0.7 GB once)
	@tools/test_spark.sh

test-reference: dev ## Iceberg's own test server and ours answer alike (downloads about 90 MB)
	@tools/test_reference.sh

wheel: dev ## Build the wheel of the Python package in build/wheels
	@tools/make_wheel.sh build/wheels

check: setup ## Format, layers, style and Python lint: nothing is changed
	@$(PYTHON) tools/check_layers.py
	@$(PYTHON) tools/check_tidy.py
	@$(SOURCES) '*.py' | xargs $(PYTHON) -m ruff check --quiet
	@$(SOURCES) '*.py' | xargs $(PYTHON) -m ruff format --quiet --check
	@$(SOURCES) '*.h' '*.cc' | xargs .venv/bin/clang-format --dry-run --Werror

format: setup ## Rewrite C++ and Python sources in the house format
	@$(SOURCES) '*.h' '*.cc' | xargs .venv/bin/clang-format -i
	@$(SOURCES) '*.py' | xargs $(PYTHON) -m ruff format --quiet

docs: dev ## Rewrite what is made from operators and recipes: docs, schema, Python stubs
	@.venv/bin/gristmill ops docs >docs/operators.md
	@.venv/bin/gristmill recipes docs >docs/recipes.md
	@.venv/bin/gristmill ops schema >docs/pipeline.schema.json
	@$(PYTHON) tools/make_python_stubs.py

tidy: dev ## clang-tidy on the files that differ from main (ALL=1: on every file)
	@tools/run_tidy.sh $(ALL)

bench: dev ## Peers and Gristmill on the same input; writes bench/RESULTS.md
	@$(PYTHON) bench/run.py

bench-large: dev ## 5 GiB under a 512 MiB memory limit; takes about a quarter of an hour and 20 GB in build/large
	@$(PYTHON) bench/large_input.py build/large

fuzz-smoke: setup ## Every parser of foreign bytes under sanitizers, many seeded mutations
	@tools/build.sh asan $(JOBS)
	@GRISTMILL_FUZZ_RUNS=50000 tools/run_tests.sh asan '^fuzz\.'

clean: ## Remove build results and the demo's workspace; .venv stays
	@rm -rf build demo .ruff_cache .pytest_cache
