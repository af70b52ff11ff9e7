# Everything runs in .venv, made from requirements.lock; Python 3.11 or newer, its venv module and make are all it needs.
# Makes .venv; to change it later: make clean first.
PYTHON ?= python3
# Passed on to JupyterLab: make lab LAB_ARGS="--no-browser --port=9999"
LAB_ARGS ?=
# Jupyter asks root to insist, and root is who one is in most containers.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
# A new picture is shown at once, and does not wait for the page to confirm what was sent before.
PROMPTLY := --ServerApp.kernel_websocket_connection_class=tools.prompt.PromptConnection
# The lessons to save: make notebooks LESSONS=notebooks/04-balance-basics.ipynb
LESSONS ?=
# Passed on to the lock: make lock LOCK_ARGS=--upgrade
LOCK_ARGS ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
BOTH_CORES := -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help lab test lint unit lessons browser notebooks bench format lock clean

help: ## List the verbs
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

lab: $(INSTALLED) ## Open the lessons in JupyterLab
	$(BIN)/python -m jupyterlab --ServerApp.root_dir=. notebooks/00-start-here.ipynb $(AS_ROOT) $(PROMPTLY) $(LAB_ARGS)

test: lint unit lessons browser ## Run every check: lint, types, layers, tests, lessons, browser

lint: $(INSTALLED) ## Check style, types and the layers of the package
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

unit: $(INSTALLED) ## Run the tests and doctests of the model, the tools and the saved pictures
	$(BIN)/pytest $(BOTH_CORES) --ignore=tests/browser

lessons: $(INSTALLED) ## Run every lesson and compare each output with the saved one
	$(BIN)/pytest --nbval --nbval-sanitize-with tests/notebooks/sanitise.cfg $(BOTH_CORES) notebooks

browser: $(INSTALLED) ## Use the lessons in a real JupyterLab, as a person would
	$(BIN)/pytest $(BOTH_CORES) tests/browser

notebooks: $(INSTALLED) ## Execute the lessons and save their outputs (LESSONS=… for some)
	$(BIN)/python -m tools.notebooks $(LESSONS)

bench: $(INSTALLED) ## Measure against the budgets
	$(BIN)/python -m tools.bench

format: $(INSTALLED) ## Put every file in the common style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(INSTALLED) ## Pin what pyproject.toml asks for (LOCK_ARGS=--upgrade for the newest)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-strip-extras --custom-compile-command "make lock" --all-extras $(LOCK_ARGS) \
		--output-file requirements.lock pyproject.toml

clean: ## Remove the environment and everything made by the tools
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build *.egg-info
	find prepaid_model tests tools notebooks \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

# uv installs the lock in seconds; pip fetches uv itself, held to the same hashes.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
		'This needs Python 3.11 or newer; "$(PYTHON)" is older or missing. Name another: make PYTHON=python3.12 …' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' requirements.lock > .venv/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
