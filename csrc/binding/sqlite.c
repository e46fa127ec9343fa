/* SPDX-License-Identifier: MIT
 *
 * core.sqlite: databases in a file, by SQLite. Every call blocks: it is for the threads of
 * workers (lua/moonsip/sqlite.lua), and for simulations. Without the library there is no
 * core.sqlite.
 */
#include "binding/binding.h"

#ifdef HAVE_SQLITE3

#include <sqlite3.h>

#define SQLITE_CLASS "moonsip.sqlite"

static sqlite3 **check_any(lua_State *L) {
  return luaL_checkudata(L, 1, SQLITE_CLASS);
}

static sqlite3 *check(lua_State *L) {
  sqlite3 *db = *check_any(L);
  luaL_argcheck(L, db, 1, "the database is closed");
  return db;
}

/* nil, { kind = "store", name = "BUSY", reason }; a plain table, which can be copied. */
static int fail(lua_State *L, sqlite3 *db, int code) {
  static const struct {
    int code;
    const char *name;
  } names[] = {
      {SQLITE_BUSY, "BUSY"},         {SQLITE_LOCKED, "BUSY"},    {SQLITE_FULL, "FULL"},
      {SQLITE_CORRUPT, "CORRUPT"},   {SQLITE_NOTADB, "CORRUPT"}, {SQLITE_IOERR, "IO"},
      {SQLITE_READONLY, "READONLY"}, {SQLITE_CANTOPEN, "OPEN"},  {SQLITE_CONSTRAINT, "CONSTRAINT"}};
  const char *name = "SQL";
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (names[i].code == (code & 0xff)) name = names[i].name;
  }
  lua_pushnil(L);
  lua_createtable(L, 0, 3);
  lua_pushliteral(L, "store");
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  lua_setfield(L, -2, "reason");
  return 2;
}

/* sqlite(path, busy_ms) -> database | nil, err */
static int sqlite_open(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  int busy_ms = (int)luaL_optinteger(L, 2, 0);
  sqlite3 **self = lua_newuserdatauv(L, sizeof *self, 0);
  *self = NULL;
  luaL_setmetatable(L, SQLITE_CLASS);
  int code = sqlite3_open_v2(path, self, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
  if (code != SQLITE_OK) {
    int count = fail(L, *self, code);
    sqlite3_close(*self);
    *self = NULL;
    return count;
  }
  sqlite3_busy_timeout(*self, busy_ms);
  return 1;
}

/* Also __gc and __close. */
static int sqlite_close(lua_State *L) {
  sqlite3 **self = check_any(L);
  sqlite3_close_v2(*self);
  *self = NULL;
  return 0;
}

static int bind_value(lua_State *L, sqlite3_stmt *statement, int index, int at) {
  size_t len;
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    return sqlite3_bind_null(statement, at);
  case LUA_TBOOLEAN:
    return sqlite3_bind_int(statement, at, lua_toboolean(L, index));
  case LUA_TNUMBER:
    if (lua_isinteger(L, index)) return sqlite3_bind_int64(statement, at, lua_tointeger(L, index));
    return sqlite3_bind_double(statement, at, lua_tonumber(L, index));
  default: {
    const char *text = luaL_checklstring(L, index, &len);
    return sqlite3_bind_text64(statement, at, text, len, SQLITE_STATIC, SQLITE_UTF8);
  }
  }
}

static void push_column(lua_State *L, sqlite3_stmt *statement, int at) {
  switch (sqlite3_column_type(statement, at)) {
  case SQLITE_INTEGER:
    lua_pushinteger(L, sqlite3_column_int64(statement, at));
    break;
  case SQLITE_FLOAT:
    lua_pushnumber(L, sqlite3_column_double(statement, at));
    break;
  case SQLITE_NULL:
    lua_pushnil(L);
    break;
  default: {
    const char *bytes = sqlite3_column_blob(statement, at);
    lua_pushlstring(L, bytes ? bytes : "", (size_t)sqlite3_column_bytes(statement, at));
  }
  }
}

/* Appends a row to the list at the top. */
static void add_row(lua_State *L, sqlite3_stmt *statement) {
  int columns = sqlite3_column_count(statement);
  lua_createtable(L, 0, columns);
  for (int i = 0; i < columns; i++) {
    push_column(L, statement, i);
    lua_setfield(L, -2, sqlite3_column_name(statement, i));
  }
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* A statement on the stack that is finalised also after an error. */
static int statement_gc(lua_State *L) {
  sqlite3_stmt **statement = lua_touserdata(L, 1);
  sqlite3_finalize(*statement);
  *statement = NULL;
  return 0;
}

static sqlite3_stmt **new_statement(lua_State *L) {
  sqlite3_stmt **statement = lua_newuserdatauv(L, sizeof *statement, 0);
  *statement = NULL;
  if (luaL_newmetatable(L, "moonsip.sqlite.statement")) {
    lua_pushcfunction(L, statement_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return statement;
}

/* One that has failed is in progress until it is ended, and then nothing can be committed. */
static int end_failed(lua_State *L, sqlite3 *db, sqlite3_stmt **statement, int code) {
  int results = fail(L, db, code);
  sqlite3_finalize(*statement);
  *statement = NULL;
  return results;
}

/* db:query(sql, values ...) -> rows, how many rows changed, the last row id | nil, err */
static int sqlite_query(lua_State *L) {
  sqlite3 *db = check(L);
  size_t len;
  const char *sql = luaL_checklstring(L, 2, &len);
  int values = lua_gettop(L) - 2;
  luaL_argcheck(L, len < INT32_MAX, 2, "too long");
  sqlite3_stmt **statement = new_statement(L);
  int code = sqlite3_prepare_v2(db, sql, (int)len, statement, NULL);
  for (int i = 1; i <= values && code == SQLITE_OK; i++) {
    code = bind_value(L, *statement, i + 2, i);
  }
  if (code != SQLITE_OK) return end_failed(L, db, statement, code);
  lua_newtable(L);
  while ((code = sqlite3_step(*statement)) == SQLITE_ROW) add_row(L, *statement);
  if (code != SQLITE_DONE && code != SQLITE_OK) return end_failed(L, db, statement, code);
  sqlite3_finalize(*statement);
  *statement = NULL;
  lua_pushinteger(L, sqlite3_changes(db));
  lua_pushinteger(L, sqlite3_last_insert_rowid(db));
  return 3;
}

void bind_sqlite_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"query", sqlite_query}, {"close", sqlite_close}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", sqlite_close}, {"__close", sqlite_close}, {NULL, NULL}};
  luaL_newmetatable(L, SQLITE_CLASS);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, sqlite_open);
  lua_setfield(L, -2, "sqlite");
}

#else

void bind_sqlite_open(lua_State *L) {
  (void)L;
}

#endif
