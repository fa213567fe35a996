# Every verb is one line into cargo, `cargo xtask` or `cloudeats`; CI calls the same ones.
# Run `make` to list them. Variables: ORDERS=25 (run: stop after so many deliveries), RATE, SPEED, SEED (chaos),
# OBSERVE=1 (run: with a Prometheus), TLS=1 (run: engines that speak nothing else), CHECKS="kubernetes scripts" (verify: only these).

.PHONY: help run down test test-engines lint fmt openapi graph bench bench-orders bench-hot-item bench-events bench-overload compare kill-each chaos chaos-full mutants verify images cluster-test
.DEFAULT_GOAL := help

CLOUDEATS := target/debug/cloudeats
BUILD = $(NEED_CARGO) && cargo build --workspace --bins
NEED_CARGO = { command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }; }

# Binaries with crash points and wrong behaviours, aside; then those without them again.
WRONG = target/mutants
BUILD_WRONG = $(NEED_CARGO) && cargo build --workspace --bins --features common/chaos,common/mutants && mkdir -p $(WRONG) && \
	find target/debug -maxdepth 1 -type f -perm -u+x -exec cp -f {} $(WRONG)/ \; && $(BUILD)

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null || sed -n 's/:.*## /: /p' $(MAKEFILE_LIST)

run: ## start everything and play; with ORDERS=25 until so many orders are delivered
	@$(BUILD) && $(CLOUDEATS) run $(if $(ORDERS),--orders $(ORDERS)) $(if $(RATE),--rate $(RATE)) $(if $(SPEED),--speed $(SPEED)) $(if $(OBSERVE),--observe) $(if $(TLS),--tls)

down: ## stop what a run left behind
	@$(BUILD) && $(CLOUDEATS) down

test: ## all tests on engines of their own, with counts and seconds for each part
	@$(BUILD) && $(CLOUDEATS) test

test-engines: ## the event log's suite on a real Apache Kafka, plain and as MSK is spoken to (needs a JVM, Maven, libssl-dev)
	@$(BUILD) && $(CLOUDEATS) test --part kafka --part kafka-signed

lint: ## formatting, clippy, layers, graph and the files that must be there
	@$(NEED_CARGO) && cargo fmt --all --check && cargo clippy --workspace --all-targets -- -D warnings && cargo xtask layers && cargo xtask graph --check && cargo xtask kit-sql && cargo xtask presence

fmt: ## format the code
	@$(NEED_CARGO) && cargo fmt --all

openapi: ## write docs/openapi/ anew
	@$(BUILD) && cargo xtask openapi

graph: ## write docs/service-graph.toml anew and print the size of every crate
	@$(NEED_CARGO) && cargo xtask graph

bench: bench-orders ## all benchmarks

bench-orders: ## orders per second against what the database alone can do
	@$(NEED_CARGO) && cargo build --release --workspace --bins && target/release/compare --axis orders

bench-hot-item: ## reservations of one product per second against updates of one row
	@$(NEED_CARGO) && cargo build --release --workspace --bins && target/release/compare --axis hot-item

bench-events: ## milliseconds from the commit of a fact to its consumer, also on KAFKA_BOOTSTRAP
	@$(NEED_CARGO) && cargo build --release --workspace --bins && target/release/compare --axis events

bench-overload: ## three times what can be done: what is done meanwhile, and how soon all is normal again
	@$(NEED_CARGO) && cargo build --release --workspace --bins && target/release/compare --axis overload

compare: ## beside Vendure from npm: the table of goals in target/compare/, worst round shown
	@$(NEED_CARGO) && cargo build --release --workspace --bins && target/release/compare --axis events,vendure

kill-each: ## kill -9 each service in turn under load, then judge
	@$(BUILD) && $(CLOUDEATS) kill-each

chaos: ## break things under load for three minutes, heal, judge
	@$(BUILD) && $(CLOUDEATS) chaos run $(if $(SEED),--seed $(SEED))

chaos-full: ## every fault, every crash point, and a flash sale; up to 45 minutes
	@$(BUILD_WRONG) && $(CLOUDEATS) chaos run --gate full --bin-dir $(WRONG) $(if $(SEED),--seed $(SEED))

mutants: ## wrong behaviours, each of which must turn its checker red; up to 45 minutes
	@$(BUILD_WRONG) && $(CLOUDEATS) mutants --bin-dir $(WRONG)

verify: ## check everything that is not Rust, in one table; what cannot be asked here is named
	@$(BUILD) && cargo xtask verify $(CHECKS)

images: ## the images of all services, with a bill of materials each; IMAGE_LOAD= brings them into a cluster
	@$(NEED_CARGO) && cargo build --locked --release --workspace --bins && k8s/images/build.sh

cluster-test: ## the fleet on the cluster that KUBECONFIG names, from the commit to the last pod
	@$(NEED_CARGO) && cargo build --locked --release --workspace --bins && python3 -B tools/cluster-test/test.py
