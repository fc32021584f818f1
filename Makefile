# Everything that a developer or CI runs. Each target installs what it needs and is missing (tools/setup).
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Let another clone of the same sources find this one's objects in ccache.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

JOBS ?= $(shell nproc)
NODE24 := node_modules/.bin/node
WEBGPU_TESTS = tests/node/webgpu.test.mjs tests/browser/webgpu.test.mjs
NODE_TESTS = $(filter-out $(WEBGPU_TESTS),$(wildcard tests/node/*.test.mjs))
BROWSER_TESTS = $(filter-out $(WEBGPU_TESTS),$(wildcard tests/browser/*.test.mjs))

.PHONY: help
help: ## list the targets
	@echo "make TARGET:"
	@sed -nE 's/^([a-z][a-z-]*):.*## (.*)/  \1\t\2/p' Makefile | expand -t 18

# --- what it is for ---------------------------------------------------------------------------------------------------

.PHONY: setup build package component-host compile-page ocr-page vad-page search-page wasi-nn-page demo bench
setup: ## install everything that any target needs
	tools/setup all

build: build-release ## the native compiler and its tests, with g++ (build/release)

package: build-wasm ## the npm package: build/npm/weft-VERSION.tgz
	@tools/setup components
	@tools/build-adapter
	@tools/build-package
	@tools/build-page

component-host: NEEDS = build wasm
component-host: ## weft-component.wasm, which weft compile --emit component takes (the package has it, too)
	@tools/setup $(NEEDS)
	@test -f build/wasm/build.ninja || cmake --preset wasm
	@cmake --build --preset wasm -j $(JOBS) --target weft-component

compile-page: package ## a page that compiles models, at http://127.0.0.1:8080 (PORT=...)
	@tools/serve build/pages/compile $(or $(PORT),8080)

ocr-page: build ## a page that reads text in pictures, at http://127.0.0.1:8080 (PORT=...)
	@$(NODE24) examples/ocr/build_page.mjs
	@tools/serve build/pages/ocr $(or $(PORT),8080)

vad-page: build ## a page that marks speech in recordings, at http://127.0.0.1:8080 (PORT=...)
	@tools/setup node sound
	@$(NODE24) examples/vad/build_page.mjs
	@tools/serve build/pages/vad $(or $(PORT),8080)

search-page: build ## a page that searches sentences by meaning, at http://127.0.0.1:8080 (PORT=...)
	@tools/setup node python torch
	@$(NODE24) examples/search/build_page.mjs
	@tools/serve build/pages/search $(or $(PORT),8080)

wasi-nn-page: build package ## a page that runs a WASI program with a model, at http://127.0.0.1:8080 (PORT=...)
	@node examples/wasi-nn/build_page.mjs
	@tools/serve build/pages/wasi-nn $(or $(PORT),8080)

demo: ## compile a text recognition model and read a picture with it
	@tools/setup build node
	@tools/build-runtime
	@test -f build/release/build.ninja || cmake --preset release
	@cmake --build --preset release -j $(JOBS) --target weft
	@node examples/ocr/demo.mjs $(ARGS)

# Browsers are installed where ARGS names one, or `all`.
BENCH_NEEDS = node python $(if $(findstring firefox,$(ARGS))$(findstring chromium,$(ARGS))$(findstring all,$(ARGS)),browser)

bench: build ## weft beside onnxruntime-web: make bench ARGS="--models twelve --engine all", ARGS=--help
	@tools/setup $(BENCH_NEEDS)
	@$(NODE24) bench/run.mjs $(ARGS)

.PHONY: engines
engines: build ## one bundle in Node, Deno, Bun, workerd, Chromium, Firefox, jsc, Wasmtime: variant, bits, time; ARGS=--help
	@tools/setup node python engines wasmtime
	@tools/models ppocr-cls squeezenet
	@$(NODE24) bench/engines/run.mjs $(ARGS)

.PHONY: bench-wasi-nn
bench-wasi-nn: build ## what wasi-nn costs: a program that calls it beside one that runs the same bundle directly, natively and in Node
	@tools/setup node python wasm wasmtime
	@tools/build-runtime
	@tools/models ppocr-cls ppocr-rec squeezenet
	@$(NODE24) bench/wasi_nn.mjs $(ARGS)

.PHONY: bench-gemm bench-compile
bench-gemm: build ## the GEMM of the ordinary path beside hand-emitted loops and the core's peaks, in Node, Chromium, Firefox
	@tools/setup $(BENCH_NEEDS)
	@$(NODE24) bench/gemm.mjs $(ARGS)

bench-compile: ## ResNet-50's compile time, native, and where it goes
	@tools/setup build node python
	@test -f build/release/build.ninja || cmake --preset release
	@cmake --build --preset release -j $(JOBS) --target bench_compile
	@$(NODE24) bench/compile_time.mjs $(ARGS)

# --- tests ------------------------------------------------------------------------------------------------------------

# The models that tests read, and ONNX Runtime's results on them.
.PHONY: models
models:
	@tools/setup node python
	@tools/models

# In order of what breaks first. Each step fails when its part is missing.
TEST_STEPS = test-layers test-format test-native test-node test-browsers test-webgpu test-identity test-package test-interpreter test-engines test-sanitized fuzz

.PHONY: check test
check: test-native test-node ## the fast lane: build, unit tests, Node tests

test: setup $(TEST_STEPS) ## everything; what CI runs

# Beyond what CI has time for: the large models in every variant and engine, more random schedules.
.PHONY: test-full
test-full: test ## test, and the large models in every variant, Node and Chromium; many random schedules
	WEFT_FULL=1 WEFT_MODELS=alexnet,vgg19,zfnet512 $(NODE24) --test tests/node/models.test.mjs tests/node/memory.test.mjs
	WEFT_FULL=1 WEFT_MODELS=alexnet,vgg19,zfnet512 node --test tests/browser/models.test.mjs
	WEFT_SCHEDULES=20000 $(NODE24) --test tests/node/schedules.test.mjs

.PHONY: conformance
conformance: build ## ONNX's own tests of operators, compiled and run on every wasm variant: build/conformance.json; ARGS=REGEX
	@tools/setup node python
	@$(NODE24) tests/conformance/run.mjs $(ARGS)

.PHONY: test-native test-sanitized test-node test-package test-identity test-layers test-format test-browsers test-webgpu test-engines fuzz tidy coverage
test-native: build models
	@tools/setup wasmtime
	ctest --preset release -j $(JOBS)

test-sanitized: build-fuzz models ## the unit tests with AddressSanitizer and UBSan
	@tools/setup wasmtime
	ctest --preset fuzz -j $(JOBS)

test-node: build ## the runtime and whole models, in Node 20 and Node 24
	tools/setup node python sound wasm wasmtime
	tools/models all
	node --test $(NODE_TESTS)
	$(NODE24) --test $(NODE_TESTS)

test-identity: ## g++, clang and wasm builds write the same bundle bytes
	tools/setup build wasm node python
	tools/models
	tools/check-identity

test-layers: ## src/ includes only what the design allows
	tools/check-layers

test-format: ## clang-format finds nothing to change
	tools/setup lint
	tools/format --check

test-browsers: build ## the runtime in headless Chromium
	tools/setup node python sound browser wasm emscripten
	tools/models
	node --test $(BROWSER_TESTS)

test-package: build package ## the npm package beside the native program, in Node 20 and 24 and in headless Chromium
	tools/setup node python browser wasmtime components
	tools/models
	node --test tests/package/*.test.mjs
	$(NODE24) --test tests/package/compiler.test.mjs

.PHONY: test-interpreter bench-interpreter interpreter
interpreter: build-wasm ## what takes any ONNX bytes, in WebAssembly alone: build/wasm/weft-onnx.component.wasm
	@tools/build-interpreter

test-interpreter: build interpreter ## it beside ONNX Runtime, ONNX's tests of operators and the evaluator; the suite of wasi-nn on its component
	tools/setup node python wasm wasmtime components
	tools/models
	$(NODE24) --test tests/interpreter/*.test.mjs

bench-interpreter: build interpreter ## it beside the compiled models: make bench-interpreter ARGS="squeezenet resnet50"
	@$(NODE24) bench/interpreter.mjs $(ARGS)

.PHONY: wasi-nn-suite
wasi-nn-suite: build package interpreter ## guests of wasi-nn (tests/wasi-nn) on every host that is there, and docs/wasi-nn-suite.md; ARGS="--host node --only REGEX --verbose"
	tools/setup node python browser wasmtime components
	node --no-warnings tests/wasi-nn/run.mjs $(or $(ARGS),--page docs/wasi-nn-suite.md)

test-engines: build ## Deno, Bun, workerd, browsers, jsc and Wasmtime give the bits that Node gives
	tools/setup node python engines wasmtime
	tools/models ppocr-cls squeezenet
	$(NODE24) bench/engines/run.mjs --rounds 1 --runs 3

test-webgpu: build ## the second printer, on a software GPU: in Node (Dawn) and in headless Chromium
	tools/setup node python webgpu
	tools/models
	node --test --test-concurrency=1 $(WEBGPU_TESTS)

.PHONY: fuzz-graphs
fuzz-graphs: build ## random graphs through the compiler beside the evaluator: ARGS="SECONDS SEED"
	@tools/setup node
	@$(NODE24) tools/fuzz-graphs $(ARGS)

fuzz: build-fuzz ## each fuzzer for FUZZ_SECONDS (20), seeded with real files
	tools/setup node python
	tools/models
	tools/fuzz-smoke

tidy: ## clang-tidy over src/
	tools/setup build clang lint
	tools/tidy

coverage: build-coverage ## line coverage of src/ by the unit tests
	find build/coverage -name '*.gcda' -delete
	@tools/setup wasmtime
	ctest --preset coverage -j $(JOBS)
	tools/coverage

# --- builds -----------------------------------------------------------------------------------------------------------

# build-PRESET: configure once (ninja configures again when CMake files change), then build.
.PHONY: build-release build-clang build-asan build-fuzz build-wasm build-coverage
build-release: NEEDS = build node
build-release: runtime
build-coverage: NEEDS = build
build-clang build-asan build-fuzz: NEEDS = build clang
build-wasm: NEEDS = build wasm node
build-wasm: runtime
build-release build-clang build-asan build-fuzz build-wasm build-coverage: build-%:
	@tools/setup $(NEEDS)
	@test -f build/$*/build.ninja || cmake --preset $*
	@cmake --build --preset $* -j $(JOBS)

# The web runtime, which the compiler carries and puts into every bundle.
.PHONY: runtime
runtime:
	@tools/setup node
	@tools/build-runtime

.PHONY: clean
clean: ## remove what was built (not node_modules and .venv)
	rm -rf build
