/* SPDX-License-Identifier: MIT
 *
 * core.engine: an engine as a Lua object: its life, its settings and what goes
 * in. A spec drives one with a clock of its own; a loop drives it in production.
 */
#include "binding/engine.h"

#include "base/error.h"
#include "net/error.h"
#include "net/random.h"
#include "sip/keep_alive.h"

static const char engine_class[] = "moonsip.engine";

static bind_engine *check_any(lua_State *L, int index) {
  return bind_class_check(L, index, engine_class);
}

bind_engine *bind_engine_check(lua_State *L, int index) {
  bind_engine *self = check_any(L, index);
  luaL_argcheck(L, self->engine, index, "the engine is closed");
  return self;
}

sip_engine *bind_check_engine(lua_State *L, int index) {
  return bind_engine_check(L, index)->engine;
}

const bind_host **bind_engine_host(lua_State *L, int index) {
  return &check_any(L, index)->host;
}

sip_time bind_engine_now(const bind_engine *self) {
  return self->host ? self->host->now(self->host->context) : self->now;
}

void bind_engine_acted(lua_State *L, const bind_engine *self) {
  if (self->host) self->host->acted(self->host->context, L);
}

int bind_engine_done(lua_State *L, const bind_engine *self, int error) {
  if (error) return bind_fail(L, error, NULL);
  bind_engine_acted(L, self);
  lua_pushboolean(L, 1);
  return 1;
}

int bind_engine_made(lua_State *L, const bind_engine *self, int error, sip_id id) {
  if (error) return bind_fail(L, error, NULL);
  bind_engine_acted(L, self);
  lua_pushinteger(L, (lua_Integer)id);
  return 1;
}

static lua_Integer integer_option(lua_State *L, int index, const char *name) {
  lua_Integer value = 0;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    int is_integer = 0;
    value = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer || value < 0 || value > UINT32_MAX) {
      luaL_error(L, "bad option '%s' (0 to 4294967295 expected)", name);
    }
  }
  lua_pop(L, 1);
  return value;
}

static void read_limits(lua_State *L, int index, sip_limits *limits) {
  if (lua_getfield(L, index, "limits") == LUA_TTABLE) {
    int at = lua_gettop(L);
    limits->message_size = (uint32_t)integer_option(L, at, "message_size");
    limits->header_count = (uint16_t)integer_option(L, at, "header_count");
    limits->header_size = (uint32_t)integer_option(L, at, "header_size");
    limits->uri_params = (uint16_t)integer_option(L, at, "uri_params");
    limits->multipart_depth = (uint16_t)integer_option(L, at, "multipart_depth");
    limits->multipart_parts = (uint16_t)integer_option(L, at, "multipart_parts");
  }
  lua_pop(L, 1);
}

static void read_config(lua_State *L, int index, sip_engine_config *config) {
  config->t1_ms = (uint32_t)integer_option(L, index, "t1");
  config->t2_ms = (uint32_t)integer_option(L, index, "t2");
  config->t4_ms = (uint32_t)integer_option(L, index, "t4");
  config->timer_c_ms = (uint32_t)integer_option(L, index, "timer_c");
  config->failover_ms = (uint32_t)integer_option(L, index, "failover");
  config->dead_ms = (uint32_t)integer_option(L, index, "dead_target");
  config->keep_s = (uint32_t)integer_option(L, index, "keep_alive");
  config->mtu = (uint32_t)integer_option(L, index, "mtu");
  config->max_transactions = (uint32_t)integer_option(L, index, "max_transactions");
  config->max_dialogs = (uint32_t)integer_option(L, index, "max_dialogs");
  config->max_subscriptions = (uint32_t)integer_option(L, index, "max_subscriptions");
  config->max_events = (uint32_t)integer_option(L, index, "max_events");
  read_limits(L, index, &config->limits);
  lua_getfield(L, index, "now");
  config->now = (sip_time)luaL_optinteger(L, -1, 0);
  lua_getfield(L, index, "seed");
  if (lua_isnil(L, -1)) {
    config->random = net_random;
  } else {
    config->seed = (uint64_t)luaL_checkinteger(L, -1);
  }
  lua_getfield(L, index, "owner");
  config->owner = bind_opt_str(L, -1); /* the option table keeps it */
  lua_getfield(L, index, "secret");
  config->secret = bind_opt_str(L, -1);
  lua_pop(L, 4);
}

static int engine_new(lua_State *L) {
  if (lua_isnoneornil(L, 1)) lua_newtable(L), lua_replace(L, 1);
  luaL_checktype(L, 1, LUA_TTABLE);
  sip_engine_config config = {.alloc = bind_alloc};
  read_config(L, 1, &config);
  bind_engine *self = lua_newuserdatauv(L, sizeof *self, 1);
  *self = (bind_engine){.now = config.now};
  bind_allocator_read(L, 1, &self->allocator);
  bind_class_set(L, engine_class);
  sip_pool_init(&self->pool, bind_advise_pages);
  self->allocator.fn = sip_pool_alloc;
  self->allocator.context = &self->pool;
  config.alloc_context = &self->allocator;
  self->engine = sip_engine_new(&config);
  if (self->engine) return 1;
  sip_pool_deinit(&self->pool);
  return bind_fail(L, SIP_E_MEMORY, NULL);
}

static int engine_close(lua_State *L) {
  bind_engine *self = check_any(L, 1);
  if (!self->engine) return 0;
  if (self->host) self->host->closing(self->host->context);
  self->host = NULL;
  sip_engine_free(self->engine);
  self->engine = NULL;
  sip_pool_deinit(&self->pool);
  return 0;
}

static int engine_identity(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_getfield(L, 2, "allow");
  lua_getfield(L, 2, "accept");
  lua_getfield(L, 2, "supported");
  lua_getfield(L, 2, "user_agent");
  lua_getfield(L, 2, "required");
  sip_engine_identity identity = {.allow = bind_opt_str(L, 3),
                                  .accept = bind_opt_str(L, 4),
                                  .supported = bind_opt_str(L, 5),
                                  .user_agent = bind_opt_str(L, 6),
                                  .required = bind_opt_str(L, 7)};
  int error = sip_engine_set_identity(self->engine, &identity);
  if (error) return bind_fail(L, error, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

static int engine_handles(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_str name = bind_check_str(L, 2);
  bool handled = lua_toboolean(L, 3);
  if (sip_str_equal(name, SIP_STR("*"))) {
    sip_engine_handle_all(self->engine, handled);
    return 0;
  }
  sip_method method = sip_method_parse(name);
  bool extension = sip_str_equal(name, SIP_STR("extension"));
  luaL_argcheck(L, method != SIP_METHOD_EXTENSION || extension, 2,
                "a method, \"extension\" or \"*\"");
  sip_engine_handle_method(self->engine, method, handled);
  return 0;
}

static int engine_draining(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  lua_Integer seconds = luaL_checkinteger(L, 2);
  luaL_argcheck(L, seconds >= 0 && seconds <= UINT32_MAX, 2, "seconds, 0 to end");
  sip_engine_set_draining(self->engine, (uint32_t)seconds);
  return 0;
}

static int engine_add_listener(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_listener listener = {.transport = bind_check_transport(L, 2),
                           .local = bind_check_address(L, 3, 4),
                           .advertise_host = bind_opt_str(L, 5)};
  lua_Integer port = luaL_optinteger(L, 6, 0);
  luaL_argcheck(L, port >= 0 && port <= UINT16_MAX, 6, "a port");
  listener.advertise_port = (uint16_t)port;
  uint32_t number;
  int error = sip_engine_add_listener(self->engine, &listener, &number);
  if (error) return bind_fail(L, error, NULL);
  lua_pushinteger(L, number);
  return 1;
}

static int engine_remove_listener(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_engine_remove_listener(self->engine, (uint32_t)luaL_checkinteger(L, 2));
  return 0;
}

static int engine_receive(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  const sip_flow *flow = bind_check_flow(L, 2);
  sip_str bytes = bind_check_str(L, 3);
  int error = sip_engine_receive(self->engine, bind_engine_now(self), flow, bytes);
  bind_engine_acted(L, self);
  if (error) return bind_fail(L, error, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

static int engine_advance(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  self->now = (sip_time)luaL_checkinteger(L, 2);
  sip_engine_advance(self->engine, bind_engine_now(self));
  bind_engine_acted(L, self);
  return 0;
}

static int engine_deadline(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_time at = sip_engine_deadline(self->engine);
  if (at == SIP_TIME_NEVER) return 0;
  lua_pushinteger(L, at);
  return 1;
}

static int engine_send_failed(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id owner = (sip_id)luaL_checkinteger(L, 2);
  int error = net_error_code(luaL_optstring(L, 3, "TRANSPORT"));
  sip_engine_send_failed(self->engine, bind_engine_now(self), owner, error);
  bind_engine_acted(L, self);
  return 0;
}

/* sent_by(owner, connection, is_used) */
static int engine_sent_by(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id owner = (sip_id)luaL_checkinteger(L, 2), connection = (sip_id)luaL_checkinteger(L, 3);
  sip_engine_sent_by(self->engine, owner, connection, lua_toboolean(L, 4));
  return 0;
}

/* ponged(connection): a CRLF came by it */
static int engine_ponged(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_engine_ponged(self->engine, bind_engine_now(self), (sip_id)luaL_checkinteger(L, 2));
  return 0;
}

/* keep_alive(flow, interval_ms, is_answered) -> keeper */
static int engine_keep_alive(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  lua_Integer interval = luaL_checkinteger(L, 3);
  luaL_argcheck(L, interval >= 0 && interval <= INT32_MAX, 3, "milliseconds");
  sip_keep_wish wish = {.flow = bind_check_flow(L, 2),
                        .interval_ms = (uint32_t)interval,
                        .is_answered = lua_toboolean(L, 4)};
  sip_id keeper = 0;
  int error = sip_engine_keep_alive(self->engine, bind_engine_now(self), &wish, &keeper);
  if (error) return bind_fail(L, error, NULL);
  bind_engine_acted(L, self);
  lua_pushinteger(L, (lua_Integer)keeper);
  return 1;
}

/* leave_alone(keeper) */
static int engine_leave_alone(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_engine_leave_alone(self->engine, (sip_id)luaL_checkinteger(L, 2));
  return 0;
}

/* connection_lost(connection, error name) */
static int engine_connection_lost(lua_State *L) {
  bind_engine *self = bind_engine_check(L, 1);
  sip_id connection = (sip_id)luaL_checkinteger(L, 2);
  int error = net_error_code(luaL_checkstring(L, 3));
  sip_engine_connection_lost(self->engine, bind_engine_now(self), connection, error);
  bind_engine_acted(L, self);
  return 0;
}

static int engine_fail_allocation(lua_State *L) {
  return bind_fail_allocation(L, &bind_engine_check(L, 1)->allocator);
}

static const luaL_Reg methods[] = {{"close", engine_close},
                                   {"identity", engine_identity},
                                   {"handles", engine_handles},
                                   {"draining", engine_draining},
                                   {"add_listener", engine_add_listener},
                                   {"remove_listener", engine_remove_listener},
                                   {"receive", engine_receive},
                                   {"advance", engine_advance},
                                   {"deadline", engine_deadline},
                                   {"send_failed", engine_send_failed},
                                   {"sent_by", engine_sent_by},
                                   {"connection_lost", engine_connection_lost},
                                   {"ponged", engine_ponged},
                                   {"keep_alive", engine_keep_alive},
                                   {"leave_alone", engine_leave_alone},
                                   {"fail_allocation", engine_fail_allocation},
                                   {NULL, NULL}};

void bind_engine_open(lua_State *L) {
  bind_flow_open(L);
  bind_class_open(L, engine_class);
  lua_pushcfunction(L, engine_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, engine_close);
  lua_setfield(L, -2, "__close");
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  luaL_setfuncs(L, bind_engine_output_methods, 0);
  luaL_setfuncs(L, bind_engine_guard_methods, 0);
  luaL_setfuncs(L, bind_engine_history_methods, 0);
  luaL_setfuncs(L, bind_engine_reply_methods, 0);
  luaL_setfuncs(L, bind_engine_request_methods, 0);
  luaL_setfuncs(L, bind_engine_proxy_methods, 0);
  luaL_setfuncs(L, bind_engine_subscription_methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, engine_new);
  lua_setfield(L, -2, "engine");
}
