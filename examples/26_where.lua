-- Says where requests to URIs and calls to numbers would go, by the DNS.
--
--   moonsip run examples/26_where.lua alice@example.com sips:example.com +4930123456

local sip <const> = require "moonsip"

local function show(uri)
  local servers, err = sip.resolve(uri)
  if not servers then return print(uri, err) end
  for _, one in ipairs(servers) do print(uri, one.transport, one.ip, one.port) end
end

for _, what in ipairs(arg) do
  if what:find "^%+" then
    local uris, err = sip.enum(what) -- ENUM (RFC 6116)
    if not uris then print(what, err) end
    for _, uri in ipairs(uris or {}) do
      print(what, uri)
      show(uri)
    end
  else
    show(what:find "^sips?:" and what or "sip:" .. what)
  end
end
