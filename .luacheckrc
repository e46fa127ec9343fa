-- Rules of luacheck: Lua 5.4 only, 90 columns, every global named here.
std = "lua54"
max_line_length = 90
max_comment_line_length = 200
max_comment_line_length = false -- an annotation of types is one line
self = false

files["spec/**/*_spec.lua"].std = "lua54+busted"
files["spec/support/busted.lua"].globals = { "arg" }
files["library"] = {
  -- a definition file declares what C has: its functions have no bodies
  unused = false,
  max_line_length = false,
}
files["rockspec"].std = "rockspec"
