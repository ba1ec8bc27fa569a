# Everything a person or a machine does with this repository. `make help` lists it.

CARGO ?= cargo
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
DESTDIR ?=
# Arguments of the demonstration, for example DEMO_ARGS="--help".
DEMO_ARGS ?=

TARGET := $(or $(CARGO_TARGET_DIR),target)
# Other names of the one program.
NAMES := mentat-inspector mentat-enricher mentat-storage mentat-ideagen

.DEFAULT_GOAL := help
.PHONY: help demo test test-all bench bench-vrl doc fmt build install uninstall clean deps

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: deps ## Run the whole pipeline on sample events, with a database of its own
	$(CARGO) build --profile demo --workspace --bins
	$(TARGET)/demo/mentat demo --dir $(TARGET)/mentat-demo $(DEMO_ARGS)

test: deps ## Run every check and test; stops at the first failure
	@CARGO='$(CARGO)' scripts/test.sh

test-all: deps ## As `test`, with the long suites at full length and fuzzing
	@CARGO='$(CARGO)' scripts/test.sh all

bench: ## Run the benchmarks
	$(CARGO) bench --workspace

bench-vrl: ## Compare filters with VRL; downloads and builds 300 crates (10 minutes, a C compiler)
	$(CARGO) run --release --manifest-path mentat-filter/benches/vrl/Cargo.toml --target-dir $(TARGET)/bench-vrl

doc: ## Build the documentation of all crates
	$(CARGO) doc --workspace --no-deps

fmt: ## Format all sources
	$(CARGO) fmt --all

build: ## Build the programs for use
	$(CARGO) build --release --workspace --bins

install: build ## Install the programs into $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $(TARGET)/release/mentat $(DESTDIR)$(BINDIR)/mentat
	for name in $(NAMES); do ln -sfn mentat $(DESTDIR)$(BINDIR)/$$name; done

uninstall: ## Remove what `install` installed
	for name in mentat $(NAMES); do rm -f $(DESTDIR)$(BINDIR)/$$name; done

clean: ## Remove everything that was built, the demonstration's data included
	$(CARGO) clean

deps: # Installs the Debian packages that building and testing need, or names them.
	@CARGO='$(CARGO)' scripts/deps.sh
