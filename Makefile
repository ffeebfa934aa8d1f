# platformctl. `make` lists the targets; CONTRIBUTING.md says more.
SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build install demo test lint bench fmt generate clean

# Go asks git for a stamp otherwise, and fails in a tree of another owner or
# without history.
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null)
DATE ?= $(shell TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)

# Where set-up puts what the machine lacks; tests find it through PATH.
DATA_HOME := $(or $(XDG_DATA_HOME),$(HOME)/.local/share)
TOOLS := $(or $(PLATFORMCTL_TOOLS),$(DATA_HOME)/platformctl/tools)
WITH_TOOLS := PATH="$(TOOLS)/bin:$(TOOLS)/postgresql/bin:$$PATH"

STAGE := scripts/stage.sh
LINTER := go tool -modfile=tools/go.mod golangci-lint
PACKER := go tool -modfile=tools/goreleaser/go.mod goreleaser
# Runs tests and fails when one is skipped that e2e/skips.txt does not explain.
CHECKED := go run ./cmd/skips -list e2e/skips.txt --

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## find Terraform and PostgreSQL, or bring them
	@command -v go >/dev/null || { echo "error: go is not in PATH; install Go 1.26 or newer: https://go.dev/dl" >&2; exit 1; }
	@$(STAGE) "looking for Terraform and PostgreSQL" go run ./cmd/setup $(SETUP)

build: ## build bin/platformctl
	@$(STAGE) "building bin/platformctl $(VERSION)" go build -trimpath -ldflags '$(LDFLAGS)' -o bin/platformctl ./cmd/platformctl

install: build ## copy it to $PREFIX/bin, ~/.local/bin or $GOBIN
	@$(STAGE) "installing platformctl" scripts/install.sh bin/platformctl >/dev/null

demo: setup build ## set up, build, install, and request a real database
	@scripts/demo.sh bin/platformctl

test: ## set up and run all tests
	@$(MAKE) --no-print-directory setup SETUP=-tests
	@race=$$([ "$$(go env CGO_ENABLED)" = 0 ] || echo -race); \
		$(STAGE) "unit tests $${race:-(no C compiler, so without the race detector)}" \
		env $(WITH_TOOLS) $(CHECKED) go test -json $$race $$(go list ./... | grep -v /e2e)
	@$(STAGE) "stories: the built binary, real Terraform, real PostgreSQL" \
		env $(WITH_TOOLS) $(CHECKED) go test -json -timeout 20m ./e2e/...
	@if [ "$$(id -u)" = 0 ]; then $(MAKE) --no-print-directory test-unprivileged; fi
	@$(MAKE) --no-print-directory snapshot

.PHONY: test-unprivileged
test-unprivileged: build
	@$(STAGE) "stories of the local target again, as user nobody" \
		env $(WITH_TOOLS) $(CHECKED) scripts/test-unprivileged.sh "$(TOOLS)"

# With the flags of the packages, so that what is compiled here is not there.
.PHONY: cross
cross:
	@for system in linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do \
		$(STAGE) "go vet for $$system" env CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system#*/} \
			go vet -trimpath ./... || exit 1; \
	done

lint: ## check style, import arrows, all systems, go.mod and generated files
	@$(STAGE) "golangci-lint (the first time it is compiled: some minutes)" $(LINTER) run
	@$(MAKE) --no-print-directory cross
	@$(STAGE) "go.mod is tidy" go mod tidy -diff
	@$(STAGE) "generated files are up to date" scripts/generated.sh

.PHONY: snapshot
snapshot: ## pack a release for Linux and check it (SYSTEMS=all: for all systems)
	@$(STAGE) "packages (the first time goreleaser is compiled: some minutes)" scripts/snapshot.sh $(PACKER)

bench: setup ## run the benchmarks
	@$(STAGE) "Go benchmarks" env $(WITH_TOOLS) go test -run '^$$' -bench . -benchmem ./...
	@if [ -x scripts/bench.sh ]; then $(STAGE) "benchmarks against plain Terraform" env $(WITH_TOOLS) scripts/bench.sh; fi

fmt: ## format the code
	@$(STAGE) "formatting" $(LINTER) fmt

generate: ## write generated files again
	@$(STAGE) "go generate" go generate ./...

clean: ## remove what was built
	@$(STAGE) "removing bin/ and dist/" rm -rf bin dist
