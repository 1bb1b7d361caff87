# masu: everything that builds and gates. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# What is built for; a cross build needs `rustup target add` and a C cross compiler.
ARCH ?= $(shell uname -m)
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := $(shell sed -n 's/^  "version": "\(.*\)",$$/\1/p' deno.json)
TARGET := $(ARCH)-unknown-linux-gnu

# Deno, denort, @std, zig: found or fetched once by tools/toolchain, which says what it chose and how to force another choice.
ifneq ($(filter-out help clean install,$(or $(MAKECMDGOALS),help)),)
include build/toolchain.mk
endif
export DENO_TLS_CA_STORE ?= mozilla,system
export DENO_NO_UPDATE_CHECK := 1

build/toolchain.mk: tools/toolchain tools/wheels.txt tools/carve_denort.ts tools/elf.ts
	@mkdir -p build
	@ARCH=$(ARCH) tools/toolchain $@

ifeq ($(STD),npm)
RESOLVE := --import-map=tools/without-jsr.json --lock=tools/without-jsr.lock --frozen
endif

# Paths of this machine stay out of the artefacts: one build twice gives the same bytes (docs/adr/0006-reproducible-build.md).
CARGO_HOME ?= $(HOME)/.cargo
REMAP := --remap-path-prefix=$(CURDIR)/core-rs=masu --remap-path-prefix=$(CARGO_HOME)=cargo
CARGO := cd core-rs && MASU_INIT=$(CURDIR)/build/init cargo

SOURCES := $(shell find cli lib mod.ts -name '*.ts' ! -name '*_test.ts' 2>/dev/null)
# What the compiled program may do of itself: load the core and read the environment. All else is the core's.
PERMISSIONS := --no-prompt --allow-ffi --allow-env --deny-import
# A start is over before threads, a garbage collection or compiled code could pay; and without a compiler no memory of this
# process is both written and executed.
V8_FLAGS := --single-threaded,--min-semi-space-size=16,--jitless

.PHONY: help build run test ok fuzz fmt wire fields profile bench install dist clean always

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-9s %s\n' "$$name" "$$text"; done

build: dist/masu ## build dist/masu, the whole program in one file

run: build ## build masu and run a container with it
	dist/masu run --rm host sh -c 'echo "Hello from $$(hostname): process $$$$ of $$(ls -d /proc/[0-9]* | wc -l), user $$(id -u), kernel $$(uname -r)"'

test: build ## run all tests; as root for those of containers
	@DENO="$(DENO)" RESOLVE="$(RESOLVE)" MASU_INIT=$(CURDIR)/build/init MASU_BIN="$${MASU_BIN:-$(CURDIR)/dist/masu}" tools/test

# How many inputs each property is tried with.
fuzz: RUNS ?= 20000
fuzz: export PROPTEST_CASES = $(RUNS)
fuzz: build/init ## try what reads other people's bytes with many more inputs than the tests do: RUNS of them
	MASU_FUZZ_RUNS=$(RUNS) $(DENO) test --allow-read --allow-env $(RESOLVE) tests/properties
	$(CARGO) test --locked --quiet -p masu-wire -p masu-seccomp -p masu-steps -p masu-containers --test properties
	$(CARGO) test --locked --quiet -p masu-init --bin init -- properties _any_
	$(CARGO) test --locked --quiet -p masu-containers --lib -- _any_

ok: build/init ## format, lint, types and unit tests: no root, under a minute when warm
	$(DENO) fmt --check
	$(DENO) lint --quiet
	$(DENO) check --quiet $(RESOLVE) .
	cd core-rs && cargo fmt --check
	$(CARGO) clippy --locked --quiet --workspace --all-targets --all-features -- -D warnings
	@DENO="$(DENO)" RESOLVE="$(RESOLVE)" MASU_INIT=$(CURDIR)/build/init tools/test unit

fmt: ## format TypeScript, Markdown, JSON and Rust
	$(DENO) fmt --quiet
	cd core-rs && cargo fmt

wire: ## generate lib/core/wire.ts from the Rust types, and the front's grammar from the flag data
	cd core-rs && cargo run --locked --quiet -p masu-wire --features typescript --example typescript >$(CURDIR)/build/wire.ts
	$(DENO) fmt --ext ts - <build/wire.ts >build/wire.formatted.ts
	mv build/wire.formatted.ts lib/core/wire.ts
	$(DENO) run $(RESOLVE) tools/front_grammar.ts | rustfmt --edition 2024 --config-path core-rs >build/grammar.rs
	mv build/grammar.rs core-rs/init/src/front/grammar.rs

fields: ## write docs/oci-fields.md from the reader of config.json and tools/oci_fields_table.ts
	$(DENO) run $(RESOLVE) --allow-write=docs tools/oci_fields.ts
	$(DENO) fmt --quiet docs/oci-fields.md

profile: ## write the default seccomp profile for core-rs from lib/spec/seccomp_default.ts
	$(DENO) run $(RESOLVE) --allow-write=core-rs/seccomp core-rs/seccomp/default_profile.ts

bench: build build/empty ## measure against the peers and the kernel's floor, as root
	$(DENO) run --allow-all $(RESOLVE) bench/main.ts dist/masu build/empty $(ROUNDS)

install: ## copy dist/masu to DESTDIR/PREFIX/bin
	@test -x dist/masu || { echo 'masu: dist/masu is not there; hint: make build' >&2; exit 1; }
	install -D -m 755 dist/masu "$(DESTDIR)$(PREFIX)/bin/masu"

dist: SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
dist: build ## pack dist/masu-VERSION-ARCH.tar.gz and its SHA-256
	tar --create --sort=name --format=ustar --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
	  --transform='s,^dist/,,;s,^,masu-$(VERSION)/,' dist/masu LICENSE README.md docs | gzip --no-name --best >dist/masu-$(VERSION)-$(ARCH).tar.gz
	cd dist && sha256sum masu-$(VERSION)-$(ARCH).tar.gz >masu-$(VERSION)-$(ARCH).tar.gz.sha256
	@cat dist/*.sha256

clean: ## remove all that was built or fetched
	rm -rf build dist core-rs/target

always:

# Cargo knows what changed; a file that came out the same stays as old as it is, so that nothing after it is made again.
define keep
@mkdir -p $(@D)
@cmp -s $(1) $@ || cp $(1) $@
endef

build/init: always build/toolchain.mk
	@cd core-rs && RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static $(REMAP)" \
	  cargo build --locked --quiet --profile init --target $(TARGET) -p masu-init
	$(call keep,core-rs/target/$(TARGET)/init/init)

# zig links for an old glibc; without it the core needs this machine's.
CORE_BUILD := $(if $(ZIG),$(ZIGBUILD) zigbuild,cargo build)
CORE_ENV = cd core-rs && RUSTFLAGS="$(REMAP)" MASU_INIT=$(CURDIR)/build/init CARGO_ZIGBUILD_ZIG_PATH=$(ZIG) \
  CARGO_ZIGBUILD_CACHE_DIR=$(CURDIR)/build/zigbuild ZIG_GLOBAL_CACHE_DIR=$(CURDIR)/build/zig ZIG_LOCAL_CACHE_DIR=$(CURDIR)/build/zig

build/masu_core.so: always build/init
	@$(CORE_ENV) $(CORE_BUILD) --locked --quiet --release --target $(TARGET)$(if $(ZIG),.$(GLIBC)) -p masu-core
	$(call keep,core-rs/target/$(TARGET)/release/libmasu_core.so)

# What was chosen by hand counts as a change too.
build/choice: always
	@mkdir -p build
	@echo '$(DENO) $(RESOLVE) $(DENORT_BIN) $(GLIBC)' | cmp -s - $@ || echo '$(DENO) $(RESOLVE) $(DENORT_BIN) $(GLIBC)' >$@

# A bundle, as one function of where the embedded files are and of how to go on with the whole program (cli/compiled). Its comments
# name the modules by their paths in Deno's cache: only what does not depend on this machine stays. $(1): its entry.
define bundle
@$(DENO) bundle --quiet --platform deno --format iife $(RESOLVE) --output $@.body $(1)
@{ echo '(function (embedded, whole) {'; sed -E 's,^( *// ).*/npm/,\1npm/,' $@.body; echo '})'; } >$@
@rm $@.body
endef

build/masu.js: $(SOURCES) deno.json build/choice
	$(call bundle,cli/compiled/program.ts)

# What engines call most, without the rest of the program.
build/engine.js: $(SOURCES) deno.json build/choice
	$(call bundle,cli/compiled/engine.ts)

COMPILE = $(if $(DENORT_BIN),DENORT_BIN=$(DENORT_BIN)) $(DENO) compile --quiet --no-config --no-check --no-code-cache --target $(TARGET)

# V8's bytecode of the bundle, made by the same denort; without compiler threads, whose progress would show in it. For another
# machine's there is none: masu then starts 10 ms later.
build/%.cache: build/%.js tools/code_cache.ts
ifeq ($(ARCH),$(shell uname -m))
	@$(COMPILE) --allow-all --v8-flags=--predictable,$(V8_FLAGS) --output build/code-cache-$* tools/code_cache.ts
	@env -i build/code-cache-$* $< $@ </dev/null # Deno starts differently with another standard input, and the bytecode shows it
else
	@: >$@
endif

# What is embedded, in a directory of its own: `deno compile` keeps modification times, so all get the same one. $(1): its name.
define embed
@rm -rf build/$(1) && mkdir build/$(1) && cp $^ build/$(1) && touch --date=@0 build/$(1)/*
@$(COMPILE) $(PERMISSIONS) --v8-flags=$(V8_FLAGS) $(foreach file,$(filter-out %.ts,$(^F)),--include build/$(1)/$(file)) --output $@ build/$(1)/loader.ts
endef

# The program that is joined: the core stands beside it, since Deno reads all that is embedded at each start, a millisecond a MB.
build/masu-program: build/masu.js build/masu.cache build/engine.js build/engine.cache cli/compiled/loader.ts
	$(call embed,embed)

# The same on its own, with the core embedded: it needs no front, and starts later.
build/masu-compiled: build/masu.js build/masu.cache build/engine.js build/engine.cache build/masu_core.so cli/compiled/loader.ts
	$(call embed,embed-all)

# What any compiled program costs: the measure of `make bench`.
build/empty: bench/empty.ts build/choice
	@$(COMPILE) --output $@ $<

dist/masu: build/init build/masu_core.so build/masu-program build/masu-compiled tools/join.ts
	@mkdir -p dist
	@$(DENO) run --no-config --allow-read --allow-write=dist tools/join.ts build/init build/masu_core.so build/masu-program $@
	@$(DENO) run --no-config --allow-read tools/check_elf.ts $(if $(filter host,$(GLIBC)),99.99,$(GLIBC)) $@
	@echo "masu build: $@ is ready" >&2
