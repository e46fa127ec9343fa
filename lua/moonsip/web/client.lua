-- SPDX-License-Identifier: MIT
-- HTTP as client.

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local form = require "moonsip.web.form"
local json = require "moonsip.web.json"
local misuse = require "moonsip.misuse"
local wait = require "moonsip.wait"

---@class moonsip.HttpResponse
---@field code integer
---@field headers table<string, string>  by name in lower case
---@field body string
---@field json any  of the body; nil when it is none
local Response = {}
Response.__name = "moonsip.http_response"

function Response:__index(key)
  if key ~= "json" then return nil end
  return (json.decode("response.json", self.body))
end

function Response:__tostring()
  return ("%d, %d bytes"):format(self.code, #self.body)
end

local client = {}

local default_timeout <const> = "30s"
local default_max_body <const> = 8 << 20
local max_redirects <const> = 5

local known <const> = { headers = true, body = true, json = true, form = true, timeout = true,
                        max_body = true, redirects = true, ca = true }

local kind_of_status <const> = { [401] = "auth", [403] = "auth", [404] = "notfound",
                                 [410] = "notfound" }

-- ---- what is asked

local function body_of(verb, options)
  if options.json ~= nil then return json.encode(verb, options.json), "application/json" end
  if options.form ~= nil then
    return form.encode(misuse.check(verb, "form", options.form, "table")),
      "application/x-www-form-urlencoded"
  end
  return misuse.optional(verb, "body", options.body, "string")
end

local function fields_of(verb, options, content_type)
  local lines, seen = {}, {}
  for name, value in pairs(misuse.optional(verb, "headers", options.headers, "table") or {}) do
    misuse.text(verb, "headers", name)
    if not name:find "^[%w!#$%%&'*+%-.^_`|~]+$" then
      misuse.argument(verb, "headers", ("%q is no name"):format(name))
    end
    lines[#lines + 1] = name .. ": " .. misuse.text(verb, "headers." .. name, tostring(value))
    seen[name:lower()] = true
  end
  if content_type and not seen["content-type"] then
    lines[#lines + 1] = "Content-Type: " .. content_type
  end
  lines[#lines + 1] = "Expect:" -- bodies go at once
  table.sort(lines)
  return lines
end

local function wish_of(verb, method, url, options)
  misuse.text(verb, "url", url)
  if not url:lower():find "^https?://[^/]" then
    misuse.argument(verb, "url", "a URL of http or https expected")
  end
  if not misuse.text(verb, "method", method):find "^%u+$" then
    misuse.argument(verb, "method", "a METHOD in upper case expected")
  end
  local body, content_type = body_of(verb, options)
  local redirects = options.redirects
  if redirects == nil then redirects = max_redirects end
  return {
    method = method, url = url, body = body, fields = fields_of(verb, options, content_type),
    timeout_ms = math.max(1, duration.check(verb, "timeout", options.timeout or default_timeout)),
    max_body = misuse.integer(verb, "max_body", options.max_body or default_max_body, 1, 1 << 30),
    max_redirects = misuse.integer(verb, "redirects", redirects, 0, 50),
    ca = misuse.optional(verb, "ca", options.ca, "string"),
  }
end

-- ---- what comes of it

local function headers_of(text)
  local fields = {}
  for name, value in text:gmatch "([^:\r\n]+):[ \t]*([^\r\n]*)" do
    name = name:lower()
    fields[name] = fields[name] and fields[name] .. ", " .. value or value
  end
  return fields
end

local function settle(one, status, fields, body)
  if not status then
    local err = fields
    return one:resolve(nil, errors.new(err.kind, err.reason, { name = err.name }))
  end
  local response = setmetatable({ code = status, headers = headers_of(fields), body = body },
    Response)
  if status < 300 then return one:resolve(response) end
  one:resolve(nil, errors.new(kind_of_status[status] or "rejected",
    ("the answer is %d"):format(status), { code = status, response = response }))
end

local function start(one, context, wish)
  local driver = context.driver
  local id, err = driver:http_ask(wish, function(...) settle(one, ...) end)
  if not id then return one:resolve(nil, err) end
  one.undo = function() driver:http_cancel(id) end
  context:touch()
end

--- Asks an HTTP server and waits for its answer: a response of 2xx, or nil and an error,
--- whose `response` is the answer if one came.
---@param context moonsip.Context
---@param verb string
---@param method string
---@param url string
---@param options table?
---@param callback function?
---@return moonsip.HttpResponse?
---@return moonsip.Error? err  rejected, auth, notfound with code and response; timeout, dns, transport, limit
function client.request(context, verb, method, url, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  options = misuse.options(verb, options, known)
  if not core.has_http_client and not context.driver.is_virtual then
    misuse.raise("%s: built without libcurl; install libcurl4-openssl-dev and build again", verb)
  end
  return wait.await(context, verb, nil, callback, start, context,
    wish_of(verb, method, url, options))
end

return client
