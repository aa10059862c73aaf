# Every target prepares what it needs by itself: Python 3.11+, pip and make are enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
export MPLBACKEND ?= Agg

.DEFAULT_GOAL := help
.PHONY: help report test test-slow test-versions check docs lab bench clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml tools/setup_env.sh
	@sh tools/setup_env.sh "$(PYTHON)" "$(VENV)"
	@touch $@

report: $(READY) ## build every report into reports/site/ from the data that ships with the project
	@$(BIN)/undercut build

test: $(READY) check ## static checks and all tests but the slow simulations
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow"

test-slow: $(READY) ## the slow simulations
	@$(BIN)/python -m pytest -n 2 -m slow

test-versions: $(READY) ## imports, door, index numbers and event study on other Pythons that are installed
	@sh tools/test_versions.sh

check: $(READY) ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: $(READY) ## write the reference of the library's functions into reports/site/api
	@$(BIN)/python -m tools.api_reference

lab: $(READY) ## open JupyterLab; its launcher says where to start
	@[ -e reports/site/api/index.html ] || $(BIN)/python -m tools.api_reference
	@JUPYTER_PATH="$(CURDIR)/lib/undercut/report/lab$${JUPYTER_PATH:+:$$JUPYTER_PATH}" $(BIN)/jupyter lab $(LAB_OPTIONS)

bench: $(READY) ## speed, side by side with the peers, as ratios
	@$(BIN)/python -m tools.bench

clean: ## remove the environment, caches and built reports (never data/local)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis reports/site
