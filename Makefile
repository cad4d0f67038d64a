# make help lists the commands.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  = -s -w -X main.version=$(VERSION)
BIN      = bin/vigil
export VIGIL_CHECKERS = $(CURDIR)/.cache/checkers
export CGO_ENABLED ?= 1

.PHONY: help build demo test install format lint check race soak fuzz bench clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

build: ## build bin/vigil
	@[ -e $(BIN) ] || echo "building; the first time this takes two to three minutes on two cores"
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/vigil

demo: build ## run the demo: a made-up town, crawled, linked and searchable
	./$(BIN) demo

test: install format lint race ## everything CI runs; what fuzzing found before is among the tests

install: ## install what the tests need
	@.ci/install.sh
	@.ci/elasticsearch.sh get

format:
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "run gofmt -w on the files above"; exit 1; }

lint:
	.cache/golangci-lint run --allow-parallel-runners ./...

race: build ## all tests with the race detector
	VIGIL_BIN=$(CURDIR)/$(BIN) .ci/elasticsearch.sh run $(GO) test -race -timeout 44m ./...

check: ## all tests without the race detector, quicker
	.ci/elasticsearch.sh run $(GO) test -timeout 10m ./...

soak: build ## every fault whole, twenty rounds, and every fuzz target for a minute: an hour, as root (VIGIL_FAULT_SEED repeats one)
	VIGIL_BIN=$(CURDIR)/$(BIN) VIGIL_FAULT_ROUNDS=20 VIGIL_CRASH_ADS=5000 CI=true \
		$(GO) test -count=1 -timeout 90m -v -run 'TestTopology|TestFaults|TestFullDisk|TestPowerLoss|TestSealedFile|TestKilledCrawl|TestSchemathesis' ./cmd/vigil
	VIGIL_CONFORMANCE=whole $(GO) test -count=1 -timeout 60m -run 'TestIndex|TestErased' ./internal/search/sqlite
	@.ci/fuzz.sh 60s

fuzz: ## every fuzz target for a few seconds
	@.ci/fuzz.sh 5s

bench: ## the benchmarks of docs/benchmarks.md that are Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

clean: ## remove what was built and the demo's data
	rm -rf bin vigil-demo
