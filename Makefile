# make lists the targets. Everything that CI runs is `make test`.
SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-print-directory
CACHE       := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lyceum
VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
GOFLAGS_BUILD := -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
export CGO_ENABLED ?= 0
# Tests read this: they say how to install what they lack.
export LYCEUM_CACHE := $(CACHE)

.PHONY: help run dev build web web-deps test check test-go test-web test-e2e test-browser screenshots gen soak bench deps-test clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t16

run: build ## build everything and start bin/lyceum serve
	@tools/run-deps
	exec bin/lyceum serve

build: web ## build the web app and bin/lyceum
	go build $(GOFLAGS_BUILD) -o bin/lyceum ./cmd/lyceum

bin/lyceum: build

web/node_modules/.installed: web/package-lock.json web/package.json
	tools/quietly npm-ci.log npm --prefix web ci --no-fund --no-audit
	@touch $@

web-deps: web/node_modules/.installed ## install the web app's packages

web/dist/index.html: web/node_modules/.installed $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
	npm --prefix web run build
	@touch $@

web: web/dist/index.html ## build the web app into web/dist

dev: web-deps ## run the server and the web app's watcher side by side
	tools/dev

deps-test: ## install what the tests need (as root) or print the line to run
	@tools/test-deps
	@tools/test-kernels $(CACHE)
	@tools/test-jupyterlab $(CACHE)

test: deps-test ## run everything: checks, Go tests, web tests, e2e scripts, browser journeys
	@tools/suites check:6 test-go:20 test-web:4 test-e2e:8 test-browser:25

check: web-deps ## formatting, vet, staticcheck, layers, generated files, web linter and types
	tools/check

test-go: web-deps ## Go tests with the race detector
	CGO_ENABLED=1 tools/go-tests -race -timeout 15m ./...

test-web: web-deps ## web unit tests
	npm --prefix web test

test-e2e: build ## scripts that drive the built binary
	LYCEUM_BIN=$(CURDIR)/bin/lyceum tools/go-tests -count=1 -timeout 10m -tags e2e ./e2e

test-browser: build ## journeys in Chromium
	LYCEUM_BIN=$(CURDIR)/bin/lyceum npm --prefix web run test:browser

screenshots: build ## pictures of each screen, both themes, three widths, into ./screenshots
	LYCEUM_BIN=$(CURDIR)/bin/lyceum npm --prefix web run screenshots

gen: web-deps ## write the generated files anew
	tools/gen

soak: web-deps ## the long random tests; LYCEUM_SOAK says how long each
	LYCEUM_SOAK=$${LYCEUM_SOAK:-10m} go test -count=1 -timeout 0 ./internal/ydoc ./internal/livedoc ./internal/term

bench: build ## measure beside the peers, see bench/README.md; BENCH gives flags, LYCEUM_TRACES the folder of editing traces
	go build -o bin/bench ./bench
	bench/peers $(CACHE)/bench
	bin/bench -bin bin/lyceum -peers $(CACHE)/bench $(BENCH)
	go test -run '^$$' -bench . -benchmem ./internal/ydoc

clean: ## remove what was built
	rm -rf bin web/dist/assets web/dist/index.html screenshots
