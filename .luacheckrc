-- Rules of luacheck: Lua 5.4 only, 100 columns as in C, every global named here.
std = "lua54"
max_line_length = 100
max_comment_line_length = false -- an annotation of types is one line
self = false

files["spec/**/*_spec.lua"].std = "lua54+busted"
files["spec/support/busted.lua"].globals = { "arg" }
-- a table of verdicts reads as one: a row is a line
files["spec/torture/verdicts.lua"].max_line_length = false
files["spec/bench/*/kamailio.lua"].globals = { "KSR", "ksr_request_route" }
-- as they were written
files["spec/examples/design"] = { max_line_length = false, unused = false }
files["library"] = {
  -- a definition file declares what C has: its functions have no bodies
  unused = false,
  max_line_length = false,
}
files["rockspec"].std = "rockspec"
