# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# A package index that holds builds of torch for the CPU alone, asked besides pip's own; see README.
TORCH_INDEX ?=
PIP_TORCH := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.DEFAULT_GOAL := help
.PHONY: help setup run test lint docs figures clean

help:  ## Show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: $(VENV)/.installed  ## Make the virtual environment and install mer into it, pinned

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else f"mer needs Python 3.11 to 3.13, and $(PYTHON) is {sys.version.split()[0]}: say which one to use with make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing mer and its pinned dependencies into $(VENV) (a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_TORCH) --constraint constraints.txt --editable '.[dev,docs]'
	@touch $@

run: setup  ## Run the default experiment on the embedded synthetic data set
	@$(BIN)/mer run

test: setup  ## Run the tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal -q

lint: setup  ## Lint, format check, spelling and types; each can fail
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell
	@$(BIN)/mypy

docs: setup  ## Build the documentation into site/; a warning fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "open site/index.html, or with its search: python3 -m http.server -d site"

figures: setup  ## Make the pictures of docs/images again; FACES=FOLDER also that of the flow benchmark
	@$(BIN)/python docs/figures.py $(FACES)

clean:  ## Remove the environment and caches of tools (never what you keep in mer_home)
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis site
