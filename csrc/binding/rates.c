/* SPDX-License-Identifier: MIT
 *
 * core.rates: a rate table; what is looked up in it. core.csv: one line of values.
 */
#include "binding/rates.h"

#include "base/error.h"

#define RATES_CLASS "moonsip.rate_table"

bind_rates *bind_rates_check(lua_State *L) {
  bind_rates *self = luaL_checkudata(L, 1, RATES_CLASS);
  luaL_argcheck(L, self->is_open, 1, "the table is closed");
  return self;
}

static route_kind check_kind(lua_State *L, int index) {
  static const char *const names[] = {[ROUTE_PREFIX] = "prefix",
                                      [ROUTE_TEXT] = "text",
                                      [ROUTE_NUMBER] = "number",
                                      [ROUTE_INSTANT] = "instant",
                                      NULL};
  return (route_kind)luaL_checkoption(L, index, NULL, names);
}

/* { { name, kind } ... } at index 1. */
static size_t check_columns(lua_State *L, route_column columns[ROUTE_COLUMNS_MAX]) {
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t count = lua_rawlen(L, 1);
  luaL_argcheck(L, count <= ROUTE_COLUMNS_MAX, 1, "too many columns");
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 1, (lua_Integer)i + 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    int at = lua_gettop(L);
    lua_rawgeti(L, at, 1);
    lua_rawgeti(L, at, 2);
    sip_str name = bind_check_str(L, at + 1);
    luaL_argcheck(L, name.len > 0 && name.len <= ROUTE_NAME_MAX, 1, "a name of 1 to 31 bytes");
    columns[i] = (route_column){.kind = check_kind(L, at + 2)};
    memcpy(columns[i].name, name.ptr, name.len);
    lua_settop(L, at - 1);
  }
  return count;
}

/* rates{ { name, "prefix" | "text" | "number" | "instant" } ..., fail_allocation = n } */
static int rates_new(lua_State *L) {
  route_column columns[ROUTE_COLUMNS_MAX];
  size_t count = check_columns(L, columns);
  bind_rates *self = lua_newuserdatauv(L, sizeof *self, 1);
  *self = (bind_rates){0};
  luaL_setmetatable(L, RATES_CLASS);
  bind_allocator_read(L, 1, &self->allocator);
  sip_alloc_init(&self->alloc, bind_alloc, &self->allocator);
  int error = route_rates_init(&self->rates, &self->alloc, columns, count);
  if (error) return bind_fail(L, error, NULL);
  route_source_init(&self->source, &self->rates, ',');
  self->is_open = true;
  return 1;
}

static int rates_fail_allocation(lua_State *L) {
  return bind_fail_allocation(L, &bind_rates_check(L)->allocator);
}

static int rates_close(lua_State *L) {
  bind_rates *self = luaL_checkudata(L, 1, RATES_CLASS);
  if (!self->is_open) return 0;
  self->is_open = false;
  route_source_deinit(&self->source);
  route_rates_deinit(&self->rates);
  return 0;
}

/* --- Looking up ----------------------------------------------------------------- */

static void push_number(lua_State *L, double number) {
  lua_Integer whole;
  if (lua_numbertointeger(number, &whole) && (double)whole == number) {
    lua_pushinteger(L, whole);
  } else {
    lua_pushnumber(L, number);
  }
}

static void push_row(lua_State *L, const route_rates *rates, route_hit hit, sip_str number) {
  lua_createtable(L, 0, (int)rates->column_count + 1);
  for (size_t i = 0; i < rates->column_count; i++) {
    const route_column *column = &rates->columns[i];
    route_value value = route_rates_get(rates, hit.row, i);
    if (column->kind == ROUTE_PREFIX) {
      bind_push_str(L, sip_str_make(number.ptr, hit.len));
    } else if (!value.is_given) {
      continue;
    } else if (column->kind == ROUTE_TEXT) {
      bind_push_str(L, value.text);
    } else if (column->kind == ROUTE_INSTANT) {
      push_number(L, value.number);
    } else {
      lua_pushnumber(L, value.number);
    }
    lua_setfield(L, -2, column->name);
  }
  lua_pushinteger(L, route_rates_line(rates, hit.row));
  lua_setfield(L, -2, "line");
}

/* find(number, "longest" | "every" | "cheapest", at) -> list of rows; at: seconds since
 * 1970 */
static int rates_find(lua_State *L) {
  static const char *const names[] = {
      [ROUTE_LONGEST] = "longest", [ROUTE_EVERY] = "every", [ROUTE_CHEAPEST] = "cheapest", NULL};
  const bind_rates *self = bind_rates_check(L);
  sip_str number = bind_check_str(L, 2);
  route_search search = (route_search)luaL_checkoption(L, 3, NULL, names);
  double at = luaL_checknumber(L, 4);
  route_hit hits[ROUTE_HITS_MAX];
  size_t count = route_rates_find(&self->rates, search, number, at, hits);
  if (number.len > 0 && *number.ptr == '+') number = sip_str_make(number.ptr + 1, number.len - 1);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    push_row(L, &self->rates, hits[i], number);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* counts() -> rows, prefixes, bytes */
static int rates_counts(lua_State *L) {
  const bind_rates *self = bind_rates_check(L);
  lua_pushinteger(L, (lua_Integer)self->rates.count - 1);
  lua_pushinteger(L, self->rates.prefix_count);
  lua_pushinteger(L, (lua_Integer)route_rates_memory(&self->rates));
  return 3;
}

/* --- One line ------------------------------------------------------------------- */

enum { SEPARATOR = 1 };

static int push_fields(lua_State *L, route_csv *csv) {
  int got = route_csv_next(csv, true);
  if (got < 0) return bind_fail(L, got, csv->error);
  lua_createtable(L, (int)csv->count, 0);
  for (size_t i = 0; i < csv->count; i++) {
    bind_push_str(L, csv->fields[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* csv(line, separator) -> fields */
static int csv_fields(lua_State *L) {
  sip_str line = bind_check_str(L, 1), separator = bind_check_str(L, 2);
  luaL_argcheck(L, separator.len == SEPARATOR, 2, "one character");
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  route_csv csv;
  route_csv_init(&csv, &alloc, *separator.ptr);
  route_csv_feed(&csv, line);
  int results = push_fields(L, &csv);
  route_csv_deinit(&csv);
  return results;
}

void bind_rates_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"find", rates_find},
                                     {"counts", rates_counts},
                                     {"fail_allocation", rates_fail_allocation},
                                     {"close", rates_close},
                                     {NULL, NULL}};
  luaL_newmetatable(L, RATES_CLASS);
  lua_pushcfunction(L, rates_close);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  luaL_setfuncs(L, bind_rates_source_methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, rates_new);
  lua_setfield(L, -2, "rates");
  lua_pushcfunction(L, csv_fields);
  lua_setfield(L, -2, "csv");
}
