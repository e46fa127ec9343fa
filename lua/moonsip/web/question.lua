-- SPDX-License-Identifier: MIT
-- A request of HTTP as a route sees it.

local form = require "moonsip.web.form"
local json = require "moonsip.web.json"

---@class moonsip.Question
---@field method string
---@field path string        without its escapes
---@field headers table<string, string>  by name in lower case
---@field body string
---@field remote string      the address that it came from
---@field params table<string, string>   of the route: "/calls/:id"
---@field query table<string, string>    of the target, behind "?"
---@field form table<string, string>     of the body, as a browser sends forms
---@field json any           of the body; 400 is answered when it is none
local Question = {}
Question.__name = "moonsip.question"

local question = {}

--- Raised out of a route: the peer sent what cannot be read.
question.Bad = {}

local read <const> = {}

function read:query() return form.decode(self.query_text) end

function read:form() return form.decode(self.body) end

function read:json()
  local value, err = json.decode("q.json", self.body)
  if err then error(setmetatable({ reason = err.reason }, question.Bad), 0) end
  return value
end

function Question:__index(key)
  local reader = read[key]
  if not reader then return nil end
  local value = reader(self)
  rawset(self, key, value)
  return value
end

--- nil for a target that is no path.
---@param of { method: string, target: string, headers: table<string, string>, body: string, remote: string }
---@return moonsip.Question?
function question.new(of)
  local target = of.target:match "^https?://[^/?#]*(.*)$" or of.target -- RFC 9112 3.2.2
  local raw, query = target:match "^([^?#]*)%??([^#]*)"
  if raw == "" then raw = "/" end
  local path = raw:sub(1, 1) == "/" and form.unescape(raw)
  if not path or path:find "%z" then return nil end
  return setmetatable({ method = of.method, path = path, query_text = query, params = {},
                        headers = of.headers, body = of.body, remote = of.remote }, Question)
end

return question
