# One verb per task. A fresh machine needs Python 3.11 or newer and make; everything else is fetched on the way.
.DEFAULT_GOAL := help
.PHONY: help demo test test-cluster bench faults screenshots fit check fix lock
BIN := .venv/bin
UV = $$(uv --version >/dev/null 2>&1 && echo uv || echo .venv-tools/bin/uv)

help: ## these lines
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile

demo: .venv/.demo ## everything on this machine, with sample leads and an audience
	@$(BIN)/nurture demo

test: .venv/.dev ## the whole test suite, on SQLite and on PostgreSQL, with a real Temporal server
	@NURTURE_TEMPORAL_CLI="$$($(BIN)/python -m adapters.temporal_cli)" && export NURTURE_TEMPORAL_CLI && \
	postgresql=0; $(BIN)/python -m tests.postgresql || postgresql=$$?; \
	$(BIN)/python -m pytest && \
	if [ $$postgresql = 0 ]; then $(BIN)/python -m pytest --database postgresql; else test -z "$$CI"; fi

test-cluster: .venv/.dev ## the end-to-end tests on PostgreSQL and a real Temporal cluster, as docker-compose.yml describes
	@$(BIN)/python -m tests.postgresql && $(BIN)/python -m tests.temporal_cluster && \
	NURTURE_TEMPORAL_CLI="$$($(BIN)/python -m adapters.temporal_cli)" $(BIN)/python -m pytest --database postgresql --temporal cluster

bench: .venv/.dev ## figures against a floor in the same run, on both kinds of databases; written to docs/performance.md
	@NURTURE_TEMPORAL_CLI="$$($(BIN)/python -m adapters.temporal_cli)" && export NURTURE_TEMPORAL_CLI && \
	$(BIN)/python -m tests.postgresql && $(BIN)/python -m tests.temporal_cluster && \
	$(BIN)/python -m tests.bench sqlite && $(BIN)/python -m tests.bench postgresql

faults: .venv/.dev ## 300 leads under every fault and SIGKILL, on both databases, for hours; written to docs/reliability.md
	@NURTURE_TEMPORAL_CLI="$$($(BIN)/python -m adapters.temporal_cli)" && export NURTURE_TEMPORAL_CLI && \
	$(BIN)/python -m tests.postgresql && \
	$(BIN)/python -m tests.e2e.faults sqlite && $(BIN)/python -m tests.e2e.faults postgresql

screenshots: .venv/.dev ## the pictures of the console in docs/images, in both languages, from made-up data
	@$(BIN)/python -m tests.screenshots

fit: .venv/.fit ## what `nurture score fit` needs besides: scikit-learn, which nothing else uses

check: .venv/.dev ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: .venv/.dev ## mends what style checks can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/.uv ## pins the newest versions that pyproject.toml allows, with hashes
	$(LOCK) --group build -o requirements/main.txt
	$(LOCK) --extra fit --group build -o requirements/fit.txt
	$(LOCK) --group dev -o requirements/dev.txt
	$(PIN) --no-deps --group pyproject.toml:console -o requirements/console.txt
PIN = $(UV) pip compile --quiet --upgrade --universal --generate-hashes --no-header --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links
LOCK = $(PIN) pyproject.toml

# What is installed stands in a stamp per set of packages; a set that changed is installed again.
.venv/.demo: requirements/main.txt requirements/console.txt pyproject.toml | .venv/.uv
	@test -e .venv/.dev && test .venv/.dev -nt pyproject.toml && test .venv/.dev -nt requirements/main.txt || { $(call install,main); }
	@touch $@

.venv/.dev: requirements/dev.txt requirements/console.txt pyproject.toml | .venv/.uv
	@$(call install,dev)
	@touch $@

.venv/.fit: requirements/fit.txt requirements/console.txt pyproject.toml | .venv/.uv
	@$(call install,fit)
	@touch $@

# Its words go to stderr: on stdout `ready web=…` of `make demo` stands alone, for programs that wait for it.
define install
exec >&2 && echo "installing the packages of requirements/$(1).txt into .venv" && \
$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/$(1).txt && \
$(UV) pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements/console.txt && \
$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
endef

.venv/.uv:
	@exec >&2; uv --version >/dev/null 2>&1 || test -x .venv-tools/bin/uv || { echo "installing uv into .venv-tools"; \
		python3 -m pip install --quiet --target .venv-tools uv || \
		{ python3 -m venv .venv-tools && .venv-tools/bin/python -m pip install --quiet uv; }; }
	@exec >&2; test -x $(BIN)/python || { echo "making .venv"; $(UV) venv --quiet --python '>=3.11' .venv; }
	@touch $@
