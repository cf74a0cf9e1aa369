# Everything a contributor or CI needs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
FUZZTIME ?= 10s

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/switchgear
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/switchgear ./cmd/switchgear

.PHONY: run
run: build ## build and serve: your switchgear.yaml, your provider keys, or else the simulator
	@bin/switchgear serve

.PHONY: demo
demo: build ## watch a provider's ten bad minutes in sixty seconds; needs nothing
	@bin/switchgear demo

.PHONY: demo-recording
demo-recording: build ## make docs/demo.svg anew: the picture in the README
	@bin/switchgear demo --record docs/demo.svg

.PHONY: test
test: ## everything that proves the product works: unit, race, script, corpus, conformance; installs what it needs
	@scripts/test-needs.sh
	@$(GO) test -race -timeout 25m ./...
	@$(GO) test -timeout 10m ./drill
	@$(MAKE) --no-print-directory conformance

.PHONY: short
short: ## the Go tests without the race detector, for the inner loop
	@$(GO) test -timeout 5m ./...

.PHONY: conformance
conformance: build ## the official client SDKs against the built binary
	@conformance/run.sh

.PHONY: test-agents
test-agents: build ## Claude Code finishes a task through the built binary; a download of 70 MB
	@conformance/agents/run.sh

.PHONY: drill
drill: build ## play the eight outages against ./switchgear.yaml, or the simulator without one
	@bin/switchgear drill

.PHONY: demo-clients
demo-clients: build ## one page of copy and paste that points each client at the gateway
	@bin/switchgear connect --all

.PHONY: check
check: ## format, vet, lint, layers, tidy
	@echo "check: format"; diff=$$($(TOOL) golangci-lint fmt --diff ./...); if [ -n "$$diff" ]; then echo "$$diff"; exit 1; fi
	@echo "check: vet";    $(GO) vet ./...
	@echo "check: lint";   $(TOOL) golangci-lint run ./...
	@echo "check: layers"; $(GO) test -count=1 ./internal/archtest
	@echo "check: tidy";   $(GO) mod tidy -diff

.PHONY: fmt
fmt: ## format the code
	@$(TOOL) golangci-lint fmt ./...

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (10s)
	@scripts/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: build ## measure against nginx on this machine; prints the table of docs/performance.md
	@scripts/bench.sh

.PHONY: generate
generate: ## rebuild what is made: the embedded catalogue from the recorded facts, docs/levers.md from the code
	@$(GO) generate ./...

.PHONY: docker
docker: ## build the container image
	@docker build -t switchgear:$(VERSION) .

.PHONY: clean
clean: ## remove what was built
	@rm -rf bin .tmp
