# moonsip: build, run, test. `make` says what there is.

define HELP
make run      build, and run examples/01_hello_ivr.lua (SCRIPT=file.lua ARGS="127.0.0.1:5070")
make test     build, and run every spec (SPEC="spec/sip spec/x_spec.lua" for some)
make check    compiler warnings, checkers (.ci/checks), the suite under sanitizers
make static   the same without the suite and the slowest checker
make asan     the suite under address, leak and undefined behaviour sanitizers
make tsan     the media thread and its rings under the thread sanitizer
make gc       the suite under hostile garbage collectors
make fuzz     every fuzz target for FUZZ_SECONDS=30
make sim      SEEDS=1000 simulated worlds: calls, a proxy and nodes on a bad network
make bench    every figure with its goal, beside the peers it is compared with
make rock     install the rock into a tree of its own, offline, and ask it
make install  install below PREFIX=/usr/local
make format   lay out the C files
make build    build $(BUILD)/moonsip/core.so and $(BUILD)/bin/moonsip
make clean    remove $(BUILD)

Each installs what it lacks with apt-get (sudo where needed) and then works offline.
Variables: BUILD=build CC=cc CFLAGS="-O2 -g" LUA=lua5.4 JOBS=$(JOBS) and
OPTIONAL="opus spandsp sndfile", libraries that are used where they are found
endef

BUILD  ?= build
CFLAGS ?= -O2 -g
LUA    ?= lua5.4
SCRIPT ?= examples/01_hello_ivr.lua
SPEC   ?= spec
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)

PREFIX  ?= /usr/local
LUADIR  ?= $(PREFIX)/share/lua/5.4
LIBDIR  ?= $(PREFIX)/lib/lua/5.4
BINDIR  ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share/moonsip
INSTALL ?= install

MODULES  := lua5.4 libuv libcares openssl
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla $(if $(WERROR),-Werror)
HARDEN   ?= -fstack-protector-strong $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)

# luarocks names the folders of what it found; otherwise pkg-config knows them.
ifdef LUA_INCDIR
INCLUDES := $(addprefix -I,$(LUA_INCDIR) $(UV_INCDIR) $(CARES_INCDIR) $(OPENSSL_INCDIR))
LIBS     := $(addprefix -L,$(UV_LIBDIR) $(CARES_LIBDIR) $(OPENSSL_LIBDIR)) \
            -luv -lcares -lssl -lcrypto
endif
INCLUDES ?= $(shell pkg-config --cflags $(MODULES) 2>/dev/null)
LIBS     ?= $(shell pkg-config --libs $(filter-out lua5.4,$(MODULES)) 2>/dev/null)
LUA_LIBS  = $(shell pkg-config --libs lua5.4 2>/dev/null)

# Optional libraries: those that are here (OPTIONAL= builds without any). What needs one
# that is not says so when it is asked for.
OPTIONAL ?= opus spandsp sndfile sqlite3 hiredis jansson libcurl expat liburing
ASK      := CC="$(CC)" $(dir $(lastword $(MAKEFILE_LIST))).ci/optional
FOUND    := $(shell $(ASK) found $(OPTIONAL))
INCLUDES := $(INCLUDES) $(shell $(ASK) cflags $(FOUND))
LIBS     := $(LIBS) $(shell $(ASK) libs $(FOUND)) -lm
WITHOUT   = $(if $(filter $(1),$(FOUND)),,csrc/$(2).c)

COMPILE   = $(CC) -std=c11 -fPIC -fvisibility=hidden $(WARNINGS) $(HARDEN) $(CFLAGS) \
            $(CPPFLAGS) $(CHECKED) -Icsrc $(INCLUDES) -MMD -MP
LINK      = $(CC) -Wl,-z,relro,-z,now,--as-needed $(CFLAGS) $(CHECKED) $(LDFLAGS)

# SANITIZE=address,undefined builds with those; a module stays mapped at the end
# so that reports name its lines. HOST=1 runs specs under spec/host/lua.c, which
# a sanitizer needs: only then it sees the process from its start.
ifdef SANITIZE
HOST    := 1
CHECKED := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer \
           -Wl,-z,nodelete -Wno-unused-command-line-argument
endif

ifdef HOST # whatever an outer make said
LUA := $(abspath $(BUILD)/bin/lua)
endif

SOURCES := $(sort $(filter-out $(call WITHOUT,opus,audio/opus) $(call WITHOUT,spandsp,audio/g722) \
             $(call WITHOUT,sndfile,audio/sound_file),$(wildcard csrc/*/*.c)))
OBJECTS := $(SOURCES:csrc/%.c=$(BUILD)/obj/%.o)
FACES   := $(patsubst spec/support/%.c,$(BUILD)/spec/%.so,$(wildcard spec/support/*.c))
FUZZERS := $(patsubst spec/fuzz/%.c,$(BUILD)/bin/fuzz-%,$(wildcard spec/fuzz/*.c))
# For sanitizers and collectors, unless SPEC says which: specs that do not test the tools.
SPECS   := $(if $(filter file,$(origin SPEC)),$(filter-out %/checks/ %/bench/ %/fuzz/ %/host/ \
             %/support/,$(wildcard spec/*/)),$(SPEC))
CORE    := $(BUILD)/moonsip/core.so
LIBRARY := $(BUILD)/libmoonsip.a
COMMAND := $(BUILD)/bin/moonsip

# One short line for each step; V=1 shows the commands.
STEP = $(if $(V),,@echo "  $(1)  $(patsubst $(CURDIR)/%,%,$@)";)

export BUILD LUA JOBS

.DEFAULT_GOAL := help
.PHONY: help build run test check static asan tsan gc fuzz sim bench format header-names rock install \
        install-module clean module core faces fuzzers
.DELETE_ON_ERROR:

help:
	$(info $(HELP))@:

# ---- what people call: install what is missing, then a make that sees it

build:
	@.ci/install build
	@$(MAKE) --no-print-directory core

run:
	@.ci/install build
	@$(if $(OPTIONAL),.ci/install optional || echo "Going on without." >&2)
	@.ci/install run || echo "Without espeak-ng keys are said by prompts." >&2
	@$(MAKE) --no-print-directory core
	@$(COMMAND) run $(SCRIPT) $(ARGS)

test:
	@.ci/install build $(if $(OPTIONAL),optional) test
	@$(MAKE) --no-print-directory core faces
	@.ci/suite $(SPEC)

asan: # the suite under address, leak and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory test BUILD=$(BUILD)/asan SANITIZE=address,undefined CFLAGS="-O1 -g" \
	  SPEC="$(SPECS)"

tsan: # the media thread and its rings under the thread sanitizer
	@$(MAKE) --no-print-directory test BUILD=$(BUILD)/tsan SANITIZE=thread CFLAGS="-O1 -g" \
	  SPEC="spec/media/thread_spec.lua spec/media/batch_spec.lua spec/media/ring_spec.lua"

gc: # the suite under hostile collectors, which take their time
	@for gc in incremental generational handlers emergency; do echo "---- GC=$$gc"; \
	  LIMIT=$${LIMIT:-3600} GC=$$gc $(MAKE) --no-print-directory test BUILD=$(BUILD)/gc HOST=1 \
	    SPEC="$(filter-out %/interop/ %/sim/,$(SPECS))" || exit 1; done

static: # what of `make check` takes a minute or two
	@.ci/install build optional test check
	@.ci/check quick

check: # warnings, layout, layers, bugs, and the suite under the sanitizers
	@.ci/install build optional test check
	@.ci/check
	@$(MAKE) --no-print-directory asan

format: # lays the C files out
	@.ci/install check
	find csrc spec -name '*.[ch]' | xargs clang-format -i

fuzz: # every target of spec/fuzz for FUZZ_SECONDS=30
	@.ci/install build check
	@$(MAKE) --no-print-directory fuzzers CC=clang BUILD=$(BUILD)/fuzz CFLAGS="-O1 -g" \
	  SANITIZE=fuzzer-no-link,address,undefined
	@BUILD=$(BUILD)/fuzz .ci/fuzz

sim: # SEEDS simulated worlds from FROM on, SIZE things going on in each
	@.ci/install build
	@$(MAKE) --no-print-directory core
	@.ci/sim

bench: # every figure of spec/bench with its goal
	@.ci/install build bench
	@$(MAKE) --no-print-directory core $(LIBRARY)
	@.ci/bench

header-names: # after a change of the list in csrc/sip/header.h
	lua5.4 .ci/header_names.lua

rock: # the rock installs and answers, offline
	@.ci/install build rock
	@.ci/rock

install: build
	@$(MAKE) --no-print-directory install-module
	cd library && find . -name '*.lua' -exec $(INSTALL) -D -m 644 {} \
	  $(DESTDIR)$(DATADIR)/library/{} \;
	cd examples && find . \( -name '*.lua' -o -name '*.wav' -o -name '*.html' -o -name '*.cjs' \) -exec $(INSTALL) -D -m 644 {} \
	  $(DESTDIR)$(DATADIR)/examples/{} \;

# What luarocks installs too (it copies docs, examples and types by itself).
install-module:
	cd lua && find moonsip -name '*.lua' -exec $(INSTALL) -D -m 644 {} $(DESTDIR)$(LUADIR)/{} \;
	$(INSTALL) -D -m 755 $(CORE) $(DESTDIR)$(LIBDIR)/moonsip/core.so
	$(INSTALL) -D -m 755 .ci/moonsip $(DESTDIR)$(BINDIR)/moonsip

clean:
	rm -rf $(BUILD)

# ---- the build itself: new files are picked up by their place

module: $(CORE)
core: $(CORE) $(COMMAND) $(if $(HOST),$(BUILD)/bin/lua) ; @:
fuzzers: $(FUZZERS) ; @:
faces: $(FACES) ; @:

$(CORE): $(OBJECTS)
	@mkdir -p $(@D)
	$(call STEP,link)$(LINK) -shared -o $@ $^ $(LIBS)

# For test faces, fuzz targets and benchmarks, which take what they use.
$(LIBRARY): $(OBJECTS)
	@rm -f $@
	$(call STEP,pack)ar rcs $@ $^

# spec/support/NAME.c is a module for specs only: require "NAME".
$(BUILD)/spec/%.so: spec/support/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(call STEP,face)$(COMPILE) -fvisibility=default -shared -o $@ $< $(LIBRARY) $(LIBS)

# What others make of the same sounds.
$(BUILD)/spec/audio_oracle.so: LIBS += $(shell pkg-config --libs spandsp speexdsp sndfile 2>/dev/null)

# This one counts basic blocks, in copies of base and sip made for that.
$(BUILD)/spec/work.so: spec/support/work.c $(wildcard csrc/base/*.c csrc/guard/*.c csrc/sip/*.c)
	@mkdir -p $(@D)
	$(call STEP,face)$(COMPILE) -U_FORTIFY_SOURCE -fno-builtin -fsanitize-coverage=trace-pc \
	  -fvisibility=default -shared -o $@ $(filter %.c,$^) $(LIBS)

$(BUILD)/bin/lua: spec/host/lua.c
	@mkdir -p $(@D)
	$(call STEP,host)$(COMPILE) -rdynamic -o $@ $< $(LUA_LIBS)

$(BUILD)/bin/fuzz-%: spec/fuzz/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(call STEP,fuzz)$(COMPILE) -fsanitize=fuzzer -o $@ $< $(LIBRARY) $(LIBS) $(LUA_LIBS)

# The objects that differ with the optional libraries, when others were found than before.
$(filter $(BUILD)/obj/audio/% %/binding/json.o %/media/batch.o %/net/http_client.o,$(OBJECTS)): $(BUILD)/optional
$(BUILD)/optional: FORCE
	@mkdir -p $(@D)
	@echo '$(FOUND)' | cmp -s - $@ || echo '$(FOUND)' >$@
FORCE:

# Loops over samples, which this makes wide.
$(BUILD)/obj/audio/%.o: CPPFLAGS += $(if $(filter -O2,$(CFLAGS)),-O3)

# Only these layers may ask the system for more than C11.
$(BUILD)/obj/net/%.o $(BUILD)/obj/media/%.o $(BUILD)/obj/binding/%.o: CPPFLAGS += -D_GNU_SOURCE

$(BUILD)/obj/%.o: csrc/%.c
	@mkdir -p $(@D)
	$(call STEP,  cc)$(COMPILE) -c -o $@ $<

# The command, for use in the checkout.
$(COMMAND): .ci/command Makefile
	@mkdir -p $(@D)
	$(call STEP,make)sed 's|@ROOT@|$(CURDIR)|g; s|@BUILD@|$(abspath $(BUILD))|g; s|@LUA@|$(LUA)|g' $< >$@
	@chmod +x $@

-include $(OBJECTS:.o=.d) $(FACES:.so=.d)
