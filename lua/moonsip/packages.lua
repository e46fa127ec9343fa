-- SPDX-License-Identifier: MIT
-- Event packages (RFC 6665 5): what is said of a resource, and how. A package is a table of
-- this shape; those of lua/moonsip/events/ are nothing more, and a script may bring its own.
--
--   name           as in Event; what follows is optional
--   content_type   of its documents, unless `format` says another
--   expires        seconds that a subscription lasts unless asked otherwise (3600)
--   interval       seconds between two NOTIFYs of a subscription at least (0)
--   number         a text of the document before whose last character the number goes that
--                  every document of a subscription has: 'version=""'. The core counts
--   format(value, uri) -> body, content_type?    of what `state` gave; strings go as they are
--   parse(body) -> value | nil, err              for who watches
--   compose(bodies, uri) -> body                 one document of several publications
--   open(notifier, source) -> { state(self, uri), close(self)? } | nil, why
--                  takes the state from an object; calls notifier:notify(uri) when it changes

local misuse = require "moonsip.misuse"

---@class moonsip.EventPackage
---@field name string
---@field content_type string?
---@field expires integer?
---@field interval number?
---@field number string?
---@field format (fun(value: any, uri: userdata): string, string?)?
---@field parse (fun(body: string): any, moonsip.Error?)?
---@field compose (fun(bodies: string[], uri: userdata): string)?
---@field open (fun(notifier: moonsip.Notifier, source: any): table?, string?)?

local packages = {}

local own <const> = {
  presence = "presence", ["message-summary"] = "message_summary", dialog = "dialog",
  reg = "reg", conference = "conference", refer = "refer",
}

--- The package of a name, or a table that is one. One that we do not know carries what it is
--- given.
---@param verb string
---@param given string|moonsip.EventPackage
---@return moonsip.EventPackage
function packages.of(verb, given)
  if type(given) == "table" then
    misuse.text(verb, "package.name", given.name)
    return given
  end
  local name = misuse.text(verb, "package", given)
  if not name:find "^[%w%-!%%*_+`'~]+[%w%.%-!%%*_+`'~]*$" then
    misuse.argument(verb, "package", ("%q is no name of an event package"):format(name))
  end
  if own[name] then return require("moonsip.events." .. own[name]) end
  return { name = name, content_type = "text/plain" }
end

--- The document of a value.
---@return string body
---@return string? content_type
function packages.format(package, value, uri)
  if type(value) == "string" then return value end
  if package.format then return package.format(value, uri) end
  misuse.raise("the package %q has no format: its state is a string, not %s", package.name,
    type(value))
  return ""
end

--- Where in a body its number goes, counted from 0; nil for packages without.
---@return integer?
function packages.number_at(package, body)
  if not package.number or not body then return nil end
  local _, last = body:find(package.number, 1, true)
  return last and last - 1
end

return packages
