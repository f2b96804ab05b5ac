# The whole developer interface. `make` alone lists the targets; each first makes .venv/ when it has to.

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-matrix up down lint bench soak soak-hour soak-year wheel bundle deploy rollback image composer-dev clean
.DELETE_ON_ERROR:

# The shop of sandbox/scenario; SCENARIO=path plays another file of the same schema.
SCENARIO ?=
# Passed on to pytest: make test ARGS='-k episodes -x'
ARGS ?=
# Which environment: make deploy ENV=prod reads deploy/environments/prod.yaml. ARGS=--dry-run only prints commands.
ENV ?=
# Which environments: make test-matrix ONLY=newest
ONLY ?=
# Which benchmarks, and what to compare with: make bench BASE=main NAMES='limits collector'
NAMES ?=
BASE ?=
# How long one_minute_hour lasts, or soak-hour
MINUTES ?=
# Which day of trouble, how long, or which story of one: make soak SEED=2 HOURS=6, make soak STORY=path
SEED ?= 1
HOURS ?= 24
STORY ?=
# How much soak-year has behind it
DAYS ?= 364

BIN := .venv/bin
PYTHON_RUN := $(BIN)/python
DOCKERFILES := $(wildcard deploy/compose/*.Dockerfile images/*/Dockerfile)
SHELL_SCRIPTS := .ci/run $(wildcard bootstrap/*.sh findings/*.sh)
WORKFLOWS := $(wildcard .github/workflows/*.yaml examples/*/.github/workflows/*.yaml)
# Its name holds the folder, since an environment that was moved with its clone is broken.
STAMP := .venv/.synced-$(shell pwd | cksum | cut -d' ' -f1)

# Imports take two to three times as long without bytecode.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH VIRTUAL_ENV
# Airflow creates its home when it is imported: keep it in the clone.
export AIRFLOW_HOME ?= $(CURDIR)/build/airflow
export MYPY_CACHE_DIR = $(CURDIR)/.mypy_cache
export RUFF_CACHE_DIR = $(CURDIR)/.ruff_cache

help: ## list the targets
	@echo 'pedwatch tells when an API runs more replicas than it was granted. From a bare checkout:'
	@echo
	@awk -F ' *## *' '/^[a-z-]+:.*##/ { split($$1, name, ":"); printf "  make %-13s%s\n", name[1], $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  make demo SCENARIO=path.yaml     another scenario; docs/sandbox.md describes the file'
	@echo '  make test ARGS="-k episodes -x"  some of the tests'
	@echo '  make bench BASE=main NAMES=limits  two trees by one ruler; docs/benchmarks.md'
	@echo '  make setup PYTHON=python3.12     another interpreter, 3.11 to 3.13'
	@echo
	@echo 'The first one installs 1.6 GB of packages into .venv/ and .uv/, here and nowhere else; README.md says more.'

# An interpreter named on the command line is obeyed even when nothing else changed.
.PHONY: asked-for
$(STAMP): pyproject.toml uv.lock images/replica_collector/pyproject.toml bootstrap/environment.sh \
  $(if $(filter command line,$(origin PYTHON)),asked-for)
	@PYTHON='$(PYTHON)' sh bootstrap/environment.sh
	@rm -f .venv/.synced-*
	@touch $@

setup: $(STAMP) ## uv and .venv/, from uv.lock; every other target does it first
	@echo 'ready: $(PYTHON_RUN)'

demo: $(STAMP) ## play a shop of APIs through Airflow, and see what Slack shows
	@$(PYTHON_RUN) -m sandbox.demo $(if $(SCENARIO),--scenario '$(SCENARIO)')

test: $(STAMP) ## all tests but those that need Debian packages, which are named at the end
	@$(PYTHON_RUN) -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-matrix: $(STAMP) ## the tests on pinned and newest packages, over PostgreSQL; ONLY=newest, ARGS=--help says more
	@$(PYTHON_RUN) bootstrap/matrix.py --only '$(ONLY)' $(ARGS)

up: $(STAMP) ## Airflow's UI and the scheduled DAGs against the sandbox, live; prints the addresses
	@$(PYTHON_RUN) -m sandbox.live up

down: $(STAMP) ## end what `make up` started
	@$(PYTHON_RUN) -m sandbox.live down

# All of them run, side by side, also where one finds something; each has its output in build/lint/.
lint: $(STAMP) ## ruff, mypy, sqlfluff, import contracts; hadolint, shellcheck, actionlint
	@rm -rf build/lint; mkdir -p build/lint; trap 'trap - INT TERM; kill 0' INT TERM; \
	check() { name=$$1; shift; { "$(BIN)/$$@" >build/lint/$$name 2>&1; echo $$? >build/lint/$$name.status; } & }; \
	check mypy mypy; \
	check sqlfluff sqlfluff lint --disable-progress-bar include/sql; \
	check ruff ruff check .; \
	check format ruff format --check .; \
	check imports lint-imports; \
	check dockerfiles hadolint --no-color $(DOCKERFILES); \
	check shell shellcheck $(SHELL_SCRIPTS); \
	check workflows actionlint -no-color -shellcheck $(BIN)/shellcheck $(WORKFLOWS); \
	wait; failed=; \
	for name in ruff format mypy sqlfluff imports dockerfiles shell workflows; do \
		echo "== $$name =="; cat build/lint/$$name; \
		[ "$$(cat build/lint/$$name.status)" = 0 ] || failed="$$failed $$name"; \
	done; \
	if [ -n "$$failed" ]; then echo "make lint: something to mend in:$$failed" >&2; exit 1; fi

bench: $(STAMP) ## benchmarks, to build/bench/; BASE=commit compares with it
	@$(PYTHON_RUN) -m bench $(NAMES) $(if $(BASE),--base '$(BASE)') $(if $(MINUTES),--minutes '$(MINUTES)')

soak: $(STAMP) ## a day of data time with everything failing, judged; SEED=2 HOURS=6, or STORY=path
	@$(PYTHON_RUN) -m soak $(if $(STORY),--story '$(STORY)',--seed '$(SEED)' --hours '$(HOURS)')

soak-hour: $(STAMP) ## an hour under Airflow's own scheduler with kills, judged; MINUTES=20
	@$(PYTHON_RUN) -m soak.hour --seed '$(SEED)' $(if $(MINUTES),--minutes '$(MINUTES)')

soak-year: $(STAMP) ## what day 365 takes beside day 2; DAYS=28
	@$(PYTHON_RUN) -m soak.year --days '$(DAYS)'

wheel: $(STAMP) ## build/wheel/: the command line, for pipelines that have no clone and no Airflow
	@$(PYTHON_RUN) -m hatchling build --target wheel --directory '$(CURDIR)/build/wheel'

bundle: $(STAMP) ## build/composer/: the folders of the bucket as they would ship
	@$(PYTHON_RUN) -m deploy.bundle

deploy: $(STAMP) ## bring the bundle into the environment ENV, by gcloud; ARGS=--dry-run prints every command
	@$(PYTHON_RUN) -m deploy.release deploy '$(ENV)' $(ARGS)

rollback: $(STAMP) ## bring the build that ran before back into ENV; ARGS='--to BUILD' another one
	@$(PYTHON_RUN) -m deploy.release rollback '$(ENV)' $(ARGS)

image: $(STAMP) ## the collector's container, built with podman and tried offline
	@$(PYTHON_RUN) -m deploy.collector_image

composer-dev: $(STAMP) bundle ## the bundle in Google's own image, by composer-dev; needs it, Docker and credentials
	@$(PYTHON_RUN) -m deploy.local_composer

clean: ## remove what was built; .venv/ and .uv/ stay
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
