# Hedui. Every target does its own set-up; a second call does only what changed.
# GOFLAGS, GOPROXY and the npm registry are left to the machine.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test e2e tour check lint vuln bench build assets clean

export PATH := $(PATH):/usr/local/go/bin
ifeq ($(HOME),)
export HOME := $(or $(shell getent passwd "$$(id -u)" | cut -d: -f6),/tmp)
endif
ifeq ($(shell PATH="$(PATH)" command -v go),)
$(error Go is not on the PATH: install the version that go.mod names, or newer)
endif

FONT := internal/report/font
REGULAR := $(FONT)/NotoSansSC-Regular.ttf
BOLD := $(FONT)/NotoSansSC-Bold.ttf
LINT := bin/golangci-lint
AXE := e2e/axe.min.js
BROWSER := $(or $(HEDUI_TEST_BROWSER),$(shell command -v chromium || command -v google-chrome))
DEBIAN_FONT := /usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai
# What "make demo" hands on, as in: make demo ARGS="--once --population 5000"
ARGS ?=
# Which benchmarks "make bench" runs.
BENCH ?= .

help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: build ## two families through the whole verification, then a page to look at (ARGS="--once")
	bin/hedui demo $(ARGS)

# The race detector makes the tests four times as long, so it runs where a change has to pass: RACE=yes, as make check and CI have it. It does not
# watch SQLite itself: translated from C, it has no races for Go to find, and watching it takes half of the time. No more can be left out: the
# linker shares the code of generic functions between packages, so that one that is not watched would hide what keeps the others in order.
RACE ?=
test: assets ## all tests; on PostgreSQL and MariaDB too where HEDUI_TEST_POSTGRES and HEDUI_TEST_MARIADB hold their URLs (RACE=yes watches for races)
	@race=; if [ -n "$(RACE)" ]; then race='-race -gcflags=modernc.org/sqlite/lib=-race=false'; \
	[ "$$(go env CGO_ENABLED)" = 1 ] || { echo "test: the race detector needs a C compiler: install one, or leave RACE out" >&2; exit 1; }; fi; \
	if [ -z "$${HEDUI_TEST_POSTGRES:-}" ]; then echo "HEDUI_TEST_POSTGRES is not set: on SQLite only"; fi; \
	set -x; go test $$race -shuffle=on -parallel 4 -timeout 40m ./...

# Not part of "make test": it wants Chromium. axe-core, which looks for what shuts people out, is read by the tests only.
e2e: build $(AXE) ## the tests in a real browser (Debian's chromium, or HEDUI_TEST_BROWSER=path)
	@[ -n "$(BROWSER)" ] || { echo "e2e: no browser: install chromium, or set HEDUI_TEST_BROWSER" >&2; exit 1; }
	HEDUI_TEST_BROWSER=$(BROWSER) go test -count=1 -timeout 15m ./e2e

tour: build ## the pictures of docs/tour.md anew
	HEDUI_TOUR=1 HEDUI_TEST_BROWSER=$(BROWSER) go test -count=1 -timeout 15m -run '^TestTour$$' ./e2e

check: RACE := yes
check: lint test ## lint and test, with the race detector: what has to pass before a change lands

lint: assets $(LINT) ## gofmt, go vet, go mod tidy -diff, go mod verify, golangci-lint
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "not formatted, run gofmt -w on:"; echo "$$bad"; exit 1; fi
	go vet ./...
	go mod tidy -diff
	go mod verify
	$(LINT) run

# It fails where our code reaches what is known to be vulnerable. Where the database of the Go project (https://vuln.go.dev) cannot be reached
# nothing was checked: that is said, and is no failure. govulncheck itself waits without end for one that does not answer, so it is asked first.
# VULNDB names a copy, as in: make vuln VULNDB=file:///srv/vulndb
VULNDB ?= https://vuln.go.dev
vuln: assets ## known vulnerabilities in what is built in, by govulncheck (VULNDB=address of a copy of the database)
	@if ! go run .ci/reach/main.go '$(VULNDB)'; then echo "vuln: NOT CHECKED: the database $(VULNDB) cannot be reached from here"; exit 0; fi; \
	if go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 -db '$(VULNDB)' ./...; then echo "vuln: checked against $(VULNDB)"; else echo "vuln: failed"; exit 1; fi

bench: assets ## benchmarks (BENCH=regexp)
	go test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m ./...

build: assets ## bin/hedui
	go build -trimpath -o bin/hedui ./cmd/hedui

assets: $(BOLD) ## the font that reports embed

clean: ## remove what the other targets made
	rm -rf bin node_modules $(FONT)/*.ttf $(FONT)/LICENSE.txt $(AXE)

# Bold is copied last: it stands for the whole folder.
$(BOLD): package-lock.json .npmrc
	@from_npm() { \
		command -v npm >/dev/null && echo "assets: npm ci" && npm ci --loglevel=error || return 1; \
		local noto=node_modules/@expo-google-fonts/noto-sans-sc; \
		cp $$noto/LICENSE_FONT $(FONT)/LICENSE.txt && \
		cp $$noto/400Regular/NotoSansSC_400Regular.ttf $(REGULAR) && \
		cp $$noto/700Bold/NotoSansSC_700Bold.ttf $@ && \
		rm -rf node_modules; \
	}; \
	from_debian() { \
		echo "assets: npm gave no font; taking LXGW WenKai from the Debian package fonts-lxgw-wenkai"; \
		if [ ! -f $(DEBIAN_FONT)-Bold.ttf ]; then \
			[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends fonts-lxgw-wenkai || return 1; \
		fi; \
		echo "LXGW WenKai, SIL Open Font License 1.1, https://openfontlicense.org" >$(FONT)/LICENSE.txt && \
		cp $(DEBIAN_FONT)-Regular.ttf $(REGULAR) && \
		cp $(DEBIAN_FONT)-Bold.ttf $@; \
	}; \
	from_npm || from_debian || { \
		echo "assets: no font. Install Node.js with npm (or, as root on Debian, the package fonts-lxgw-wenkai) and call make again." >&2; \
		exit 1; \
	}
	@touch $(REGULAR) $@

$(AXE): package-lock.json .npmrc
	npm ci --loglevel=error
	cp node_modules/axe-core/axe.min.js $@
	rm -rf node_modules
	@touch $@

$(LINT): .ci/lint/go.mod .ci/lint/go.sum
	@echo "lint: building golangci-lint, once; this takes a minute"
	@go -C .ci/lint build -o $(CURDIR)/bin/ tool && touch $@
