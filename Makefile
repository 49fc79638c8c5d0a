# Every target is one command; anything with a condition in it is a script in deploy/dev.
.DEFAULT_GOAL := help
.PHONY: help demo dev stop test bench soak check fmt lint doc migrate services images

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: ## install what is missing, run the whole product once on sample data, check it, stop everything
	@deploy/dev/demo

dev: ## the same start, left running; prints the curl lines
	@deploy/dev/demo --keep

stop: ## stop what `make dev` or `make services` left running, and remove its data
	@deploy/dev/demo --stop

test: ## every test, on private PostgreSQL, Redis and Kubo
	@deploy/dev/test

bench: ## measure it against what the machine can do (BENCH=10gb: memory only; BENCH=quick: does the bench work?)
	@deploy/dev/bench export

soak: ## give it twice what this machine serves, for five minutes (SOAK=quick: less than one)
	@deploy/dev/bench soak

check: ## formatting, lints, documentation, dependencies, file sizes
	@deploy/dev/check

fmt: ## format the Rust code
	cargo fmt --all

lint: ## lint everything
	cargo clippy --locked --workspace --all-targets -- -D warnings

doc: ## build the documentation, private items included
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items

migrate: ## bring the tables of DATABASE_URL up to date
	cargo run --locked --quiet -p fhir-bulk-export-cli -- migrate

services: ## start private PostgreSQL, Redis and Kubo, and print how to reach them
	@deploy/dev/services install && deploy/dev/services start .dev/dev && cat .dev/dev/env

images: ## build the container images (needs Docker)
	for target in api worker cli; do docker build -f deploy/Dockerfile --target $$target -t fhir-bulk-export-$$target . || exit 1; done
