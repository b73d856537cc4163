# The only entry point: people and CI call make, make calls cargo.
CARGO ?= cargo
# NODE=real: a real node in the place of the simulated ones.
REAL_NODE = $(if $(NODE),$(if $(filter real,$(NODE)),--real-node,$(error NODE can only be "real")))
.DEFAULT_GOAL := help

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

demo: binaries ## Online Boutique on a real Kubernetes of its own; Ctrl-C ends it, DEMO=once ends it by itself; NODE=real runs containers too
	$(CARGO) build --quiet -p microservice-operator -p microservice-tests --bins
	@./target/debug/demo $(REAL_NODE)

cluster: binaries ## A real Kubernetes on loopback with our CRDs, until Ctrl-C; NODE=real runs containers too, as root
	@./target/debug/control-plane --hpa --gateway-api --crds $(REAL_NODE)

binaries: ## Builds what the test control plane needs, once
	$(CARGO) build --quiet -p microservice-tests --bin control-plane
	@./target/debug/control-plane --build-only $(REAL_NODE)

test: lint drift alone binaries ## Formatting, lints, generated files and all tests
	$(CARGO) test --workspace

test-node: NODE = real
test-node: binaries ## What only a real node can show: containers, probes, traffic; needs root and a few Debian packages
	$(CARGO) test -p microservice-tests --bench node

lint: ## Formatting and clippy, warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings

drift: ## Generated files are what the code generates
	$(CARGO) run --quiet -p microservice-crds --bin crdgen -- --check
	$(CARGO) run --quiet -p microservice-operator --bin opgen -- --check

alone: ## The pure core builds without a client
	$(CARGO) check --quiet -p microservice-core

generate: ## Writes the CRDs, and the parts of the charts that follow from the code
	$(CARGO) run --quiet -p microservice-crds --bin crdgen
	$(CARGO) run --quiet -p microservice-operator --bin opgen

golden: ## Writes the golden files anew: read the diff before you commit it
	UPDATE_GOLDEN=1 $(CARGO) test --quiet -p microservice-core --test golden
	UPDATE_GOLDEN=1 $(CARGO) test --quiet -p microservice-tests --test requests
	UPDATE_GOLDEN=1 $(CARGO) test --quiet -p microservice-tests --test install -- they_are_what_the_chart_says the_tables

bench: binaries ## Requests, time against a raw client, memory; N=1000 for more services
	$(CARGO) build --release --quiet -p microservice-operator -p microservice-tests --bins
	@./target/release/bench

faults: binaries ## Every fault at every call, the long list
	FAULTS=all $(CARGO) test -p microservice-tests --test faults

.PHONY: help demo cluster binaries test test-node lint drift alone generate golden bench faults
