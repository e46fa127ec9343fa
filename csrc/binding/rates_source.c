/* SPDX-License-Identifier: MIT
 *
 * core.rates: what goes into a table: files, piece by piece, and rows of Lua.
 */
#include "base/error.h"
#include "binding/rates.h"

/* nil and an error that knows its line, and that of the row which was there before. */
static int fail_at_line(lua_State *L, int error, const char *why, uint32_t line) {
  uint32_t earlier = bind_rates_check(L)->source.earlier;
  int results = bind_fail(L, error, why);
  lua_pushinteger(L, line);
  lua_setfield(L, -2, "line");
  if (error == SIP_E_DUPLICATE) {
    lua_pushinteger(L, earlier);
    lua_setfield(L, -2, "earlier");
  }
  return results;
}

/* The value at the top of the stack for a column. Text that belongs to Lua. */
static bool to_value(lua_State *L, const route_column *column, route_value *value) {
  *value = (route_value){.is_given = true};
  bool is_number = column->kind == ROUTE_NUMBER || column->kind == ROUTE_INSTANT;
  if (lua_isnil(L, -1)) {
    value->is_given = false;
    return true;
  }
  if (is_number && lua_type(L, -1) == LUA_TNUMBER) {
    value->number = lua_tonumber(L, -1);
    return value->number == value->number;
  }
  if (lua_type(L, -1) != LUA_TSTRING) return false;
  return route_value_parse(column->kind, bind_check_str(L, -1), value);
}

/* The values that a table at an index has by names of columns; their text is the table's.
 * False when one is none: its column is in *wrong. */
static bool take_values(lua_State *L, bind_rates *self, int index, size_t *wrong) {
  const route_rates *rates = &self->rates;
  route_value values[ROUTE_COLUMNS_MAX] = {{.is_given = false}};
  for (size_t i = 0; i < rates->column_count; i++) {
    lua_getfield(L, index, rates->columns[i].name);
    bool is_good = to_value(L, &rates->columns[i], &values[i]);
    lua_pop(L, 1);
    *wrong = i;
    if (!is_good) return false;
  }
  memcpy(self->source.values, values, sizeof values);
  return true;
}

static void forget_values(bind_rates *self) {
  memset(self->source.values, 0, sizeof self->source.values);
}

static int fail_value(lua_State *L, const bind_rates *self, size_t column, uint32_t line) {
  const route_column *of = &self->rates.columns[column];
  lua_pushfstring(L, "%s: %s expected", of->name, route_kind_text(of->kind));
  return fail_at_line(L, SIP_E_INVALID, lua_tostring(L, -1), line);
}

/* source(separator, fields, values, lines, base): a file is read from now on. fields: the
 * column (from 1) that each field is, 0 for none. values: what other columns are in every
 * row, by name. lines: how many of it were read elsewhere. base: what is added to a row's
 * line, so that lines of several files differ. */
static int rates_source(lua_State *L) {
  bind_rates *self = bind_rates_check(L);
  sip_str separator = bind_check_str(L, 2);
  luaL_argcheck(L, separator.len == 1, 2, "one character");
  luaL_checktype(L, 3, LUA_TTABLE);
  luaL_checktype(L, 4, LUA_TTABLE);
  size_t count = lua_rawlen(L, 3);
  luaL_argcheck(L, count <= ROUTE_FIELDS_MAX, 3, "too many fields");
  route_source_deinit(&self->source);
  route_source_init(&self->source, &self->rates, *separator.ptr);
  self->source.csv.line = (uint32_t)luaL_checkinteger(L, 5);
  self->source.base = (uint32_t)luaL_checkinteger(L, 6);
  self->source.field_count = count;
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, 3, (lua_Integer)i + 1);
    lua_Integer column = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    luaL_argcheck(L, column >= 0 && column <= (lua_Integer)self->rates.column_count, 3, "a column");
    self->source.columns[i] = (int16_t)(column - 1);
  }
  forget_values(self);
  lua_pushvalue(L, 4); /* whose texts the values are */
  lua_setiuservalue(L, 1, 1);
  size_t wrong;
  if (!take_values(L, self, 4, &wrong)) return fail_value(L, self, wrong, 0);
  lua_pushboolean(L, 1);
  return 1;
}

/* read(bytes, is_last) -> lines so far; or nil and an error with its line, and of a
 * duplicate the row's that was there: earlier, base and all */
static int rates_read(lua_State *L) {
  bind_rates *self = bind_rates_check(L);
  route_source *source = &self->source;
  int error = route_source_read(source, bind_check_str(L, 2), lua_toboolean(L, 3));
  if (error) return fail_at_line(L, error, source->why, source->csv.line);
  lua_pushinteger(L, source->csv.line);
  return 1;
}

/* add(row, line): values by names of columns. True, or as read */
static int rates_add(lua_State *L) {
  bind_rates *self = bind_rates_check(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  uint32_t line = (uint32_t)luaL_checkinteger(L, 3);
  size_t wrong;
  if (!take_values(L, self, 2, &wrong)) return fail_value(L, self, wrong, line);
  int error = route_source_add(&self->source, line);
  forget_values(self);
  if (error) return fail_at_line(L, error, self->source.why, line);
  lua_pushboolean(L, 1);
  return 1;
}

/* trim(): it is whole */
static int rates_trim(lua_State *L) {
  route_rates_trim(&bind_rates_check(L)->rates);
  return 0;
}

const luaL_Reg bind_rates_source_methods[] = {{"source", rates_source},
                                              {"read", rates_read},
                                              {"add", rates_add},
                                              {"trim", rates_trim},
                                              {NULL, NULL}};
