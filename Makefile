# The commands of this repository; `make help` lists them. What they do is in scripts/.

.DEFAULT_GOAL := help
.PHONY: help run test check fmt web bench fuzz lab

help:  ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run:  ## Build everything and start the demo: simulated callers, agents and PBX
	@scripts/run

test:  ## Install what the tests need (Debian packages), then run all of them
	@scripts/test

check:  ## Format, lints, layers, licences: everything that needs no running server
	@scripts/check

fmt:  ## Format the Rust code and the web client
	@scripts/fmt

web:  ## Build the web client into web/dist
	@scripts/web

bench:  ## Run the benchmarks; each prints a ratio to its peer
	@scripts/bench

fuzz:  ## Feed the three codecs bad bytes, two minutes each (needs a nightly compiler and cargo-fuzz)
	@scripts/fuzz

lab:  ## Start a real Asterisk with SIP phones on loopback, and leave it running
	@scripts/lab
