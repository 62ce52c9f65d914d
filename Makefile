# Two commands matter: `make run` and `make test`. Each does all the set-up there is, on a machine that has make and
# any python3: Python 3.11 is used where it is, otherwise uv brings it. Works with GNU make 3.81 and later.

PYTHON := .venv/bin/python
# Brings the Python packages (and Python 3.11 where it is missing). An installed uv is used if it is new enough.
UV_VERSION := 0.13.9
# Handed on to what a target calls: make test ARGS="-k reminders"
ARGS :=

export UV_PYTHON_PREFERENCE := system
export UV_PROJECT_ENVIRONMENT := .venv
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
# A virtual environment somebody happens to be in is not ours.
unexport VIRTUAL_ENV

.PHONY: help setup run test fuzz audit browser load chaos demo lint nlu-bench bench clean db env model

help: ## this list
	@echo "Sapa Keluarga"
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: env db model ## environment, database and model; the other targets do what they need of it

run: env ## everything on this machine: phone simulator and console in the browser; Ctrl-C stops it
	@$(PYTHON) -m bot.run $(ARGS)

# A file of tests stays in one process (loadfile); tests/order.py says which files share one and which come first.
test: env model ## all tests but those of the next two lines; ARGS="-k word" chooses, ARGS="-n 0" runs in one process
	@$(PYTHON) -m pytest -n 2 --dist loadfile -m "not browser and not load" $(ARGS)

browser: env model ## the pages in headless Chromium, by clicks, with axe-core
	@$(PYTHON) -m pytest -n 2 --dist loadfile -m browser $(ARGS)

load: env model ## five thousand families, and processes killed in the middle; ARGS=-s shows the times
	@$(PYTHON) -m pytest -n 0 -m load $(ARGS)

chaos: env model ## processes killed, a provider that fails: is a message lost or doubled? ARGS="--seed 7 --database sqlite", ARGS=--quick
	@$(PYTHON) -m tests.chaos $(ARGS)

demo: env model ## a family from before the wedding to the second birthday, in this terminal
	@$(PYTHON) -m bot.demo $(ARGS)

lint: env ## style, types, import directions, files made by tools
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@$(PYTHON) tools/build_rules.py --check
	@$(PYTHON) tools/build_alerts.py --check

# Trains its own two models under models/bench the first time (ours in three minutes, stock Rasa in a quarter of an hour and more).
nlu-bench: env ## our understanding against stock Rasa's, in one table; ARGS="--epochs 100", ARGS=--json
	@$(PYTHON) -m bot.nlu_bench $(ARGS)

bench: env model ## how fast, how large, how soon, with ratios and JSON in var/bench; ARGS="sender turns ticks memory start"
	@$(PYTHON) -m bench $(ARGS)

# The quick tests try a few hundred; faults are looked for with many. FUZZ_EXAMPLES=100000 make fuzz
fuzz: env ## 20,000 hostile requests, texts and forms against webhooks, readers and console
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-20000} $(PYTHON) -m pytest -n 0 -q tests/security $(ARGS)

audit: env ## known weaknesses of the locked packages, against docs/audit-accepted.yml
	@$(PYTHON) tools/audit.py $(ARGS)

db: env ## bring the database to the newest schema
	@$(PYTHON) -m sapa.cli db upgrade

clean: ## remove environment, models and caches; your data in var/ stays
	@rm -rf .venv .uv .audit models results build .rasa .mock *.egg-info
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@if [ -d var ]; then echo "kept: var (database and logs); delete it by hand if you mean to"; fi

env: .venv/.ready

model: env
	@$(PYTHON) -m bot.train

# Made again only when the list of packages has changed. uv is taken from the machine, from an earlier run, from a
# virtual environment of its own or, where python3 has no venv module, from a folder pip fills.
.venv/.ready: pyproject.toml uv.lock
	@new_enough() { \
	  "$$1" --version 2>/dev/null | awk '{ split($$2, v, "."); ok = v[1] > 0 || v[2] + 0 >= 8 } END { exit !ok }'; \
	}; \
	if new_enough uv; then uv=uv; \
	elif new_enough .uv/bin/uv; then uv=.uv/bin/uv; \
	elif new_enough .uv/lib/bin/uv; then uv=.uv/lib/bin/uv; \
	else \
	  if ! command -v python3 >/dev/null; then echo "setup: python3 is missing; any version from 3.8 will do" >&2; exit 1; fi; \
	  echo "fetching uv, which installs everything else"; \
	  rm -rf .uv; \
	  if python3 -m venv .uv >/dev/null 2>&1; then \
	    .uv/bin/python -m pip install -q uv==$(UV_VERSION); uv=.uv/bin/uv; \
	  else \
	    rm -rf .uv; python3 -m pip install -q --target .uv/lib uv==$(UV_VERSION); uv=.uv/lib/bin/uv; \
	  fi; \
	  if ! new_enough $$uv; then \
	    rm -rf .uv; \
	    echo "setup: uv could not be fetched. Is there a way to the internet? If so, install python3-venv or" >&2; \
	    echo "       python3-pip (or uv itself) and try again." >&2; \
	    exit 1; \
	  fi; \
	  echo '*' > .uv/.gitignore; \
	fi; \
	echo "installing the Python environment (1.8 GB; some minutes the first time)"; \
	if [ -t 2 ]; then quiet=; else quiet=-q; fi; \
	$$uv sync $$quiet --frozen --python 3.11 && touch $@
