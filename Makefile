# moonsip: build, run, test. `make` prints what there is.
CC      ?= cc
BUILD   ?= build
CFLAGS  ?= -O2 -g
WARN     = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
DEPS     = lua5.4 libuv libcares openssl
CPPFLAGS += -Icsrc $(shell pkg-config --cflags $(DEPS))
LIBS    = $(shell pkg-config --libs libuv libcares openssl)
SRC     = $(wildcard csrc/*/*.c)
OBJ     = $(SRC:csrc/%.c=$(BUILD)/obj/%.o)
CORE    = $(BUILD)/moonsip/core.so

build: $(CORE)

$(CORE): $(OBJ)
	@mkdir -p $(@D)
	$(CC) -shared $(LDFLAGS) -o $@ $(OBJ) $(LIBS)

$(BUILD)/obj/%.o: csrc/%.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -fPIC -fvisibility=hidden $(WARN) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d)

.PHONY: build
