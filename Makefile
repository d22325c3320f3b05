# make run: the whole path on this machine, against the sandbox.  make test: what CI runs.
# make soak: the tests of faults at length, an hour or so, with their figures.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEV := .venv/.dev

.PHONY: run test soak lint types format bench clean

run: $(READY)
	@$(BIN)/python -m cli.demo

test: $(DEV) node browser servers clock
	@$(MAKE) --no-print-directory lint types
	$(BIN)/pytest -n 2 --dist loadscope

soak: $(DEV)
	SOAK=1 $(BIN)/pytest -p no:randomly -s tests/faults

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(DEV)
	$(BIN)/mypy

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV)
	$(BIN)/python -m tests.bench

# Debian ships python3 without ensurepip until python3-venv is there.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Encamina needs Python 3.11 or newer; name it with make PYTHON=python3.12"; exit 1; }
	@echo "Making the virtual environment in .venv ..."
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 \
	  || { .ci/apt python3-venv && $(PYTHON) -m venv --clear .venv; }
	@$(BIN)/pip install --quiet --upgrade pip
	@$(BIN)/pip install --quiet --editable .
	@touch $@

$(DEV): $(READY)
	@$(BIN)/pip install --quiet --group dev
	@touch $@

# Published npm packages are clients in the tests; without Node those tests are skipped off CI.
.PHONY: node
node:
	@command -v npm >/dev/null || .ci/apt nodejs npm || echo "no npm: tests of npm clients are skipped"

# The bridge's snippet runs in a real browser; without one those tests are skipped off CI.
.PHONY: browser
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	  || command -v google-chrome >/dev/null || .ci/apt chromium \
	  || echo "no Chromium: browser tests are skipped"

# One test makes the clock of a real server jump; without libfaketime it is skipped off CI.
.PHONY: clock
clock:
	@ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || .ci/apt faketime \
	  || echo "no faketime: the test of a clock that jumps is skipped"

# The analytics store is tested on a real PostgreSQL, and on FerretDB for MongoDB's protocol.
.PHONY: servers
servers: $(DEV)
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null \
	  || .ci/apt postgresql || echo "no PostgreSQL: tests of its store are skipped"
	@test -x /usr/local/go/bin/go || command -v go >/dev/null || .ci/apt golang-go || true
	@$(BIN)/python -m tests.support.ferretdb || echo "no FerretDB: tests of the MongoDB store are skipped"

clean:
	rm -rf .venv .cache build dist
