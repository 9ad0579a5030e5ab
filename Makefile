# saeinv: `make help` lists the targets, `make info` says what was found on this machine.
#
#   make CONFIG=release|debug|asan|tsan   one build folder each, build/CONFIG
#   make BUILD=DIR CC=clang               another compiler, apart
#   make WERROR=1                         warnings are errors, as in CI
#   make ARCH=x86-64-v3                   a binary for other machines too (default: this one)
#   make EXTRA_CFLAGS=...  V=1            more flags; show whole command lines
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
endif
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

ifeq ($(origin CC),default)
CC := cc
endif
ifeq ($(origin CXX),default)
CXX := $(if $(findstring clang,$(CC)),clang++,c++)
endif
CONFIG  ?= release
BUILD   := build/$(CONFIG)
ARCH    ?= native
PREFIX  ?= /usr/local
PROGRAM := $(BUILD)/saeinv

# ---- what is installed -----------------------------------------------------------------------

# build/packages.mk is made before anything else is built: it installs what is missing, then holds
# the flags. Targets that build nothing do not ask for it.
ifneq ($(filter-out help info clean,$(or $(MAKECMDGOALS),all)),)
include build/packages.mk
endif

build/packages.mk: vendor/install.sh vendor/packages.txt
	@mkdir -p $(@D)
	@CC="$(CC)" vendor/install.sh build
	@modules=$$(vendor/install.sh --names build) && { \
	    echo "PACKAGE_CFLAGS := $$(pkg-config --cflags $$modules)" && \
	    echo "PACKAGE_LIBS := $$(pkg-config --libs $$modules)"; } >$@.$$$$ && mv $@.$$$$ $@

build/packages-%: vendor/install.sh vendor/packages.txt
	@mkdir -p $(@D)
	@CC="$(CC)" vendor/install.sh $* && touch $@

# CUDA is used in the release build when its compiler is found, else src/compute/cuda_none.c stands
# in; `make CUDA=` builds without. Under the sanitizers the kernels run emulated.
NVCC := $(firstword $(shell command -v nvcc 2>/dev/null) $(wildcard /usr/local/cuda/bin/nvcc))
CUDA := $(and $(NVCC),$(filter release,$(CONFIG)))
CUDA_HOME := $(patsubst %/bin/nvcc,%,$(NVCC))

# ---- flags -----------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes \
            -Wdouble-promotion -Wformat=2 -Wcast-qual -Wconversion -Wno-sign-conversion -Wdate-time
ifdef WERROR
WARNINGS += -Werror
endif
# A processor name the compiler knows for this machine, else its own default.
MARCH := $(shell $(CC) -march=$(ARCH) -x c -E - </dev/null >/dev/null 2>&1 && echo -march=$(ARCH))
CFLAGS_release := -O3 $(MARCH) -g
CFLAGS_debug   := -Og -g3
CFLAGS_asan    := -Og $(MARCH) -g -fno-omit-frame-pointer -fsanitize=address,undefined \
                  -fno-sanitize-recover=undefined
CFLAGS_tsan    := -O1 $(MARCH) -g -fsanitize=thread
CFLAGS_fuzz    := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
                  -fno-sanitize-recover=undefined
ifeq ($(CFLAGS_$(CONFIG)),)
$(error CONFIG=$(CONFIG): it is one of release, debug, asan, tsan, fuzz)
endif
# No contraction and no fast-math: sums keep their order and NaN checks keep their meaning. Nobody
# asks which floating-point exceptions happened: loops that choose may compute both sides, so that
# they become vector code.
CFLAGS = -std=c11 -D_GNU_SOURCE -Isrc -ffp-contract=off -fno-trapping-math -pthread -MMD -MP $(CFLAGS_$(CONFIG)) \
         $(PACKAGE_CFLAGS) $(WARNINGS) $(EXTRA_CFLAGS)
# The runtime is linked in; cuBLAS is loaded when a GPU is opened, from here or where the system has it.
CUDA_LIBS = -L$(CUDA_HOME)/lib64 -Wl,-rpath,$(CUDA_HOME)/lib64 -lcudart_static -lstdc++ -ldl -lrt
LIBS   = $(PACKAGE_LIBS) $(if $(CUDA),$(CUDA_LIBS)) -lm
# Code for each generation (that for 80 runs on 86 and 89 too), and PTX from which drivers make code
# for later ones.
CUDA_ARCHS ?= 75 80 90
NVCCFLAGS = -O3 -std=c++17 -Isrc -fmad=false -Xcompiler -Wall \
            $(foreach a,$(CUDA_ARCHS),-gencode arch=compute_$(a),code=sm_$(a)) \
            -gencode arch=compute_$(lastword $(CUDA_ARCHS)),code=compute_$(lastword $(CUDA_ARCHS))

ifdef V
quiet =
else
quiet = @printf '  %-5s %s\n' '$(1)' '$(patsubst $(BUILD)/%,%,$@)';
endif

# Objects are made again when the compiler or a flag changes (warnings alone change nothing).
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(filter-out -W%,$(CFLAGS)) $(CUDA) $(CUDA_ARCHS)' | cmp -s - $@ || \
	    echo '$(CC) $(filter-out -W%,$(CFLAGS)) $(CUDA) $(CUDA_ARCHS)' >$@

# The commit that the sources come from and whether they differ from it, for run.json; a tarball
# knows neither. Only what is built counts.
$(BUILD)/pipeline/source_state.h: FORCE
	@mkdir -p $(@D)
	@commit=unknown modified=false; \
	if [ -e .git ] && head=$$(git rev-parse HEAD 2>/dev/null); then \
	    commit=$$head; \
	    git diff --quiet HEAD -- src templates Makefile vendor || modified=true; \
	fi; \
	printf '#define SAEINV_COMMIT "%s"\n#define SAEINV_MODIFIED %s\n#define SAEINV_COMPILER "%s"\n#define SAEINV_FLAGS "%s"\n' \
	    "$$commit" "$$modified" "$$($(CC) --version | head -n 1)" '$(strip $(filter-out -W% -I% -M%,$(CFLAGS)))' >$@.$$$$; \
	cmp -s $@.$$$$ $@ && rm -f $@.$$$$ || mv $@.$$$$ $@

$(BUILD)/pipeline/version.o: $(BUILD)/pipeline/source_state.h
$(BUILD)/pipeline/version.o: CFLAGS += -I$(BUILD)

# ---- the program -----------------------------------------------------------------------------

# Each folder is an archive; a test links its own folder and what that folder may depend on, so
# a dependency that is not allowed does not even link. Keep in step with tests/lint/layers.txt.
FOLDERS := base net compute data model sae features effects train rules invert explain results draw \
           site compare export builtin hub pipeline
USES_base     := base
USES_net      := net base
USES_compute  := compute base
USES_data     := data base
USES_model    := model compute data base
USES_sae      := sae compute data base
USES_train    := train effects model sae compute data base
USES_results  := results base
USES_features := features sae model data compute results base
USES_effects  := effects features sae model data compute base
USES_rules    := rules features sae model data compute results base
USES_invert   := invert features sae model data compute results base
USES_explain  := explain invert features sae model data compute results net base
USES_draw     := draw base
USES_site     := site draw results base
USES_compare  := compare site draw results base
USES_export   := export results data base
USES_builtin  := builtin data base
USES_hub      := hub data net base
USES_pipeline := pipeline compare site export draw explain invert rules train effects features model sae compute \
                 results builtin hub data net base
archives = $(foreach f,$(USES_$(1)),$(BUILD)/$(f).a)

SOURCES := $(wildcard src/*/*.c)
CUDA_SOURCES := $(wildcard src/compute/cuda*.cu)
ifneq ($(CUDA),)
SOURCES := $(filter-out src/compute/cuda_none.c,$(SOURCES)) $(CUDA_SOURCES)
endif
objects_of = $(patsubst src/%,$(BUILD)/%.o,$(basename $(filter src/$(1)/%,$(SOURCES))))
OBJECTS_main := $(patsubst src/%.c,$(BUILD)/%.o,$(wildcard src/*.c))
$(foreach f,$(FOLDERS),$(eval OBJECTS_$(f) := $(call objects_of,$(f))))
OBJECTS_builtin += $(BUILD)/builtin/blobs.o $(BUILD)/builtin/blob_bytes.o

# Another linker, where there is one, links a test in a third of the time. The program has the usual one.
TEST_LINKER := $(firstword $(foreach l,lld gold,$(if $(shell command -v ld.$(l)),-fuse-ld=$(l))))

# An archive appears whole or not at all, so that two makes at once do no harm.
define folder_rules
$(BUILD)/$(1).a: $$(OBJECTS_$(1))
	@rm -f $$@.$$$$$$$$ && ar rcs $$@.$$$$$$$$ $$^ && mv $$@.$$$$$$$$ $$@
# tests/FOLDER/common*.c is shared by the tests of that folder.
TEST_HELPERS_$(1) := $$(patsubst %.c,$(BUILD)/%.o,$$(wildcard tests/$(1)/common*.c))
$(BUILD)/tests/$(1)/test_%: $(BUILD)/tests/$(1)/test_%.o $$(TEST_HELPERS_$(1)) $$(call archives,$(1))
	$$(call quiet,LINK)$(CC) $$(CFLAGS) $$(TEST_LINKER) $$^ $$(LIBS) -lcmocka -o $$@
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_rules,$(f))))

$(PROGRAM): $(OBJECTS_main) $(call archives,pipeline)
	$(call quiet,LINK)$(CC) $(CFLAGS) $^ $(LIBS) -o $@

# A product's tiles and the nonlinearities, where a multiplication and its addition may be one instruction.
$(BUILD)/compute/cpu_tiles.o $(BUILD)/compute/cpu_activation.o: private CFLAGS += -ffp-contract=fast
# Under a sanitizer most of the tests' time goes into compute/ and these files, which -O2 halves;
# elsewhere it gains less than it takes to compile: half as long at -Og as at -O1.
HOT := features/umap_moves features/neighbours features/distance draw/palette draw/raster base/sha256
ifneq ($(filter asan tsan,$(CONFIG)),)
$(OBJECTS_compute) $(HOT:%=$(BUILD)/%.o): private CFLAGS += -O2
endif

$(BUILD)/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CFLAGS) -c $< -o $@

$(BUILD)/%.o: src/%.cu $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,NVCC)$(NVCC) $(NVCCFLAGS) -MMD -MF $(@:.o=.d) -c $< -o $@

$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags | build/packages-test
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CFLAGS) -Itests -c $< -o $@

# The kernels on the processor (tests/compute/emulated/): the same test, linked with them.
EMULATED := $(patsubst src/compute/%.cu,$(BUILD)/emulated/%.o,$(filter-out %/cuda_blas.cu,$(CUDA_SOURCES))) \
            $(patsubst tests/compute/emulated/%.cpp,$(BUILD)/emulated/%.o,$(wildcard tests/compute/emulated/*.cpp))
CXXFLAGS = -std=c++17 -Itests/compute/emulated -Isrc -ffp-contract=off -MMD -MP $(CFLAGS_$(CONFIG)) \
           -Wall -Wextra -Wno-unknown-pragmas

$(BUILD)/emulated/%.o: src/compute/%.cu $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,C++)$(CXX) $(CXXFLAGS) -x c++ -c $< -o $@

$(BUILD)/emulated/%.o: tests/compute/emulated/%.cpp $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,C++)$(CXX) $(CXXFLAGS) -c $< -o $@

$(BUILD)/emulated/test_cuda.o: tests/compute/test_cuda.c $(BUILD)/flags | build/packages-test
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CFLAGS) -Itests -DEMULATED -c $< -o $@

$(BUILD)/tests/compute/test_emulated: $(BUILD)/emulated/test_cuda.o $(TEST_HELPERS_compute) $(EMULATED) \
    $(call archives,compute)
	$(call quiet,LINK)$(CXX) $(CFLAGS_$(CONFIG)) -pthread $^ $(PACKAGE_LIBS) -lm -lcmocka -o $@

# The built-in model and the templates, linked into the program byte for byte.
BUILTIN_FILES := $(sort $(wildcard $(patsubst %,src/builtin/data/%/*,model sae training) templates/*))
$(BUILD)/builtin/list: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(BUILTIN_FILES) | cmp -s - $@ || printf '%s\n' $(BUILTIN_FILES) >$@

$(BUILD)/builtin/blobs.c $(BUILD)/builtin/blob_bytes.S &: src/builtin/embed.sh \
    $(BUILD)/builtin/list $(BUILTIN_FILES)
	@src/builtin/embed.sh $(@D)

$(BUILD)/builtin/blobs.o: $(BUILD)/builtin/blobs.c $(BUILD)/flags
	$(call quiet,CC)$(CC) $(CFLAGS) -c $< -o $@

$(BUILD)/builtin/blob_bytes.o: $(BUILD)/builtin/blob_bytes.S $(BUILD)/flags
	$(call quiet,AS)$(CC) -c $< -o $@

# Programs for measurements by hand; see tests/bench.
$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(call archives,features)
	$(call quiet,LINK)$(CC) $(CFLAGS) $^ $(LIBS) -o $@

# A fuzz target is linked with libFuzzer to search, and with replay.c to run what was found.
USES_fuzz := sae model compute data base
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_PARTS = $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/common.o \
             $(BUILD)/tests/data/common_zip.o $(call archives,fuzz)

$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/replay.o $(FUZZ_PARTS)
	$(call quiet,LINK)$(CC) $(CFLAGS) $(TEST_LINKER) $^ $(LIBS) -lcmocka -o $@

$(BUILD)/fuzz_%: $(FUZZ_PARTS)
	$(call quiet,LINK)$(CC) $(CFLAGS) -fsanitize=fuzzer $^ $(LIBS) -o $@

# `make TEST_FOLDERS='base draw' test` runs those only.
TEST_FOLDERS ?= $(FOLDERS) fuzz cli
TESTS := $(foreach f,$(TEST_FOLDERS),$(patsubst %.c,$(BUILD)/%,$(wildcard tests/$(f)/test_*.c))) \
         $(if $(filter fuzz,$(TEST_FOLDERS)),$(FUZZERS:%=$(BUILD)/tests/fuzz/replay_%))
# Under the sanitizers not those that run the whole experiment over and over to compare the reports:
# the code is gone through by the others.
COMPARING := $(if $(filter asan tsan,$(CONFIG)),repeat search targets compare export output names together)
# Whole runs, too: a test program that a sanitizer makes many minutes of.
TESTS := $(if $(filter asan tsan,$(CONFIG)),$(filter-out %/pipeline/test_explainer,$(TESTS)),$(TESTS))
CLI_TESTS := $(filter-out $(patsubst %,tests/cli/%.sh,lib $(COMPARING)),$(wildcard $(patsubst %,tests/%/*.sh,$(filter-out fuzz,$(TEST_FOLDERS)))))

# The long ones first, the longest of all at the head, so that no processor waits at the end for another's.
LONG_TESTS := $(patsubst %,tests/cli/%.sh,repeat search compare targets output data model) \
              $(patsubst %,$(BUILD)/tests/%,pipeline/test_explainer site/test_feature_page site/test_site \
                invert/test_search_truth invert/test_search_invariants site/test_index site/test_single_file \
                site/test_template_values features/test_umap)
ALL_TESTS := $(TESTS) $(CLI_TESTS)
ALL_TESTS := $(filter $(ALL_TESTS),$(LONG_TESTS)) $(filter-out $(LONG_TESTS),$(ALL_TESTS))

-include $(patsubst %.o,%.d,$(foreach f,$(FOLDERS) main,$(OBJECTS_$(f))) $(EMULATED)) \
         $(patsubst tests/%.c,$(BUILD)/tests/%.d,$(wildcard tests/*/*.c))

# ---- targets ---------------------------------------------------------------------------------

.PHONY: all build report test tests test-web test-compilers test-emulated test-gpu asan tsan fuzz lint bench bench-counts builtin golden install clean info help FORCE
FORCE:

all: report ## install what is missing, build, run the experiment, write reports/default

build: $(PROGRAM) ## only the program, build/release/saeinv

report: $(PROGRAM) ## run the experiment on the built-in model again
	$(PROGRAM) run --out reports/default --force

test: tests ## every test: C programs, then shell tests of the program
	@SAEINV=$(PROGRAM) CONFIG=$(CONFIG) tests/run.sh $(BUILD) $(ALL_TESTS)

# Shell tests alone run the program.
tests: $(TESTS) $(if $(CLI_TESTS),$(PROGRAM))

# The tests of the pages need programs that nothing else here does; without one, its checks are skipped.
WEB_TESTS := tests/web/browser.sh
WEB_TESTS += $(filter-out tests/web/lib.sh tests/web/make.sh $(WEB_TESTS),$(wildcard tests/web/*.sh))
build/web/installed: vendor/web.txt
	@pip3 install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --require-hashes \
	    --upgrade --target $(@D) -r $< && touch $@

test-web: $(PROGRAM) $(BUILD)/tests/site/test_site ## the pages of a small run: validator, browser, links, print, other machines
	@vendor/install.sh web || echo 'not every program is there: what needs it is skipped'
	@$(MAKE) --no-print-directory build/web/installed || echo 'PyPI gave nothing: what needs it is skipped'
	@SAEINV=$(PROGRAM) tests/web/make.sh $(BUILD)/web $(BUILD)/tests/site/test_site
	@SAEINV_TEST_SECONDS=1200 SAEINV=$(PROGRAM) SAEINV_WEB=$(BUILD)/web tests/run.sh $(BUILD) $(WEB_TESTS) # a browser, page after page

test-compilers: test-web ## the same pages from gcc -O0 and clang -O2; by hand, it builds both
	@$(MAKE) --no-print-directory CC=gcc EXTRA_CFLAGS=-O0 BUILD=build/gcc-O0 build
	@$(MAKE) --no-print-directory CC=clang EXTRA_CFLAGS=-O2 BUILD=build/clang-O2 build
	@SAEINV=$(PROGRAM) SAEINV_WEB=$(BUILD)/web SAEINV_OTHERS='build/gcc-O0/saeinv build/clang-O2/saeinv' \
	    tests/run.sh $(BUILD) tests/web/determinism.sh

test-emulated: $(BUILD)/tests/compute/test_emulated ## the GPU's kernels on the processor (half a minute; CONFIG=asan too)
	@$<

test-gpu: $(PROGRAM) $(BUILD)/tests/compute/test_cuda ## every kernel and a whole run, on a GPU
	@SAEINV=$(PROGRAM) tests/gpu.sh $(BUILD)

asan tsan: ## the tests under ASan + UBSan, or under TSan
	@SAEINV_TEST_SECONDS=900 $(MAKE) --no-print-directory CONFIG=$@ test

fuzz: build/packages-dev ## the parsers under clang's libFuzzer; tests/fuzz/run.sh NAME SECONDS runs one
	@$(MAKE) --no-print-directory CC=clang CONFIG=fuzz $(FUZZERS:%=build/fuzz/fuzz_%)
	@echo 'tests/fuzz/run.sh NAME SECONDS searches with one: $(FUZZERS)'

lint: build/packages-dev $(foreach f,$(FOLDERS) main,$(OBJECTS_$(f))) ## budgets of size, layers, headers, banned words
	@CC="$(CC)" CFLAGS="$(PACKAGE_CFLAGS)" BUILD=$(BUILD) tests/lint.sh

bench: $(PROGRAM) ## the hot paths at three sizes, and their share of this machine's matrix peak
	$(PROGRAM) bench

bench-counts: ## instructions of the hot paths beside those kept in tests/bench (needs valgrind)
	@tests/bench/counts.sh

builtin: $(PROGRAM) ## train the built-in model and SAE again (about 40 minutes)
	$(PROGRAM) train --out src/builtin/data

golden: tests ## accept what the program draws and writes now as the tests' expected files
	@SAEINV_GOLDEN=accept SAEINV=$(PROGRAM) CONFIG=$(CONFIG) tests/run.sh $(BUILD) $(TESTS)

install: $(PROGRAM) ## to PREFIX (default /usr/local), under DESTDIR if given
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/saeinv/templates
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/saeinv
	install -m 644 README.md LICENSE $(DESTDIR)$(PREFIX)/share/saeinv
	install -m 644 $(wildcard templates/*) $(DESTDIR)$(PREFIX)/share/saeinv/templates

clean: ## remove everything that was built
	rm -rf build

info: ## what was found on this machine
	@echo 'compiler  $(shell $(CC) --version 2>/dev/null | head -n 1)'
	@echo 'flags     $(CFLAGS_$(CONFIG))'
	@echo 'CUDA      $(if $(NVCC),$(NVCC)$(if $(CUDA),, (left out of this build)),not found)'
	@echo 'built in  $(words $(filter src/builtin/%,$(BUILTIN_FILES))) files of the model and SAE, $(words $(filter templates/%,$(BUILTIN_FILES))) templates'
	@CC="$(CC)" vendor/install.sh --check build test dev || echo 'make installs what is missing'

help: ## this list
	@echo 'usage: make [TARGET] [CONFIG=release|debug|asan|tsan] [CC=clang] [WERROR=1] [V=1]'
	@sed -n 's/^\([a-z -]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | \
	    while IFS='|' read -r target text; do printf '  %-14s %s\n' "$$target" "$$text"; done
