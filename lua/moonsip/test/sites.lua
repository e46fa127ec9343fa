-- SPDX-License-Identifier: MIT
-- The web of the test network: ports of its hosts that serve HTTP, and sites of the world
-- outside. A request takes a millisecond there and one back.

local address = require "moonsip.test.address"
local errors = require "moonsip.errors"

---@class moonsip.test.Sites
---@field private ports table<string, { fn: function, number: integer, driver: moonsip.test.Driver }>
---@field private outside table<string, function>  by "https://host"
---@field private asked table<integer, { fn: function, driver: moonsip.test.Driver }>
local Sites = {}
Sites.__index = Sites
Sites.__name = "moonsip.test.sites"

local sites = {}

local way_ms <const> = 1
local default_max_body <const> = 1 << 20
local first_free_port <const> = 20000

function sites.new()
  return setmetatable({ ports = {}, outside = {}, asked = {}, last = 0 }, Sites)
end

local function next_number(self)
  self.last = self.last + 1
  return self.last
end

-- Something that happens later, if the one whom it happens to is still there.
local Later = {}
Later.__index = Later

function Later:happen()
  if self.driver.is_closed then return end
  self.fn(table.unpack(self.values, 1, self.values.n))
  self.driver:turn()
end

local function later(driver, ms, fn, ...)
  driver.wire:schedule(ms, setmetatable(
    { driver = driver, fn = fn, values = table.pack(...) }, Later))
end

--- What a site outside answers.
function Sites:add(origin, fn)
  self.outside[origin] = fn
end

--- A port of a host.
function Sites:listen(driver, ips, spec, fn)
  local number, port = next_number(self), spec.port
  if port == 0 then port = first_free_port + number end
  for _, ip in ipairs(ips) do
    if self.ports[ip .. " " .. port] then
      return nil, errors.new("io", "address already in use", { name = "EADDRINUSE" })
    end
  end
  for _, ip in ipairs(ips) do
    self.ports[ip .. " " .. port] = { fn = fn, number = number, driver = driver,
                                      max_body = spec.max_body or default_max_body }
  end
  return { number = number, ip = ips[1], port = port }
end

function Sites:close(number)
  for key, one in pairs(self.ports) do
    if one.number == number then self.ports[key] = nil end
  end
end

--- Closes the ports of a host that is gone.
function Sites:close_all(driver)
  for key, one in pairs(self.ports) do
    if one.driver == driver then self.ports[key] = nil end
  end
end

-- "https", "host", 443, "/path?query"
local function split(url)
  local scheme, place, target = url:match "^(https?)://([^/?#]+)([^#]*)"
  local host, port = place:match "^%[(.-)%]:?(%d*)$"
  if not host then host, port = place:match "^([^:]*):?(%d*)$" end
  if target:sub(1, 1) ~= "/" then target = "/" .. target end
  return scheme, host, tonumber(port) or (scheme == "https" and 443 or 80), target
end

local function headers_of(wish, host)
  local fields = { host = host }
  for _, line in ipairs(wish.fields) do
    local name, value = line:match "^([^:]+): (.*)$"
    if name then fields[name:lower()] = value end
  end
  return fields
end

-- The one who serves there; nil: nobody.
local function find(self, driver, scheme, host, port)
  local text = host:find(":", 1, true) and "[" .. host .. "]" or host
  local default = scheme == "https" and 443 or 80
  local fn = self.outside[("%s://%s"):format(scheme, text)]
  if fn and port == default then return { fn = fn, driver = driver.net.root.driver } end
  local found = address.ip(host) and { address.ip(host) } or driver.net.names:addresses(host)
  if not found then return nil, "dns" end
  for _, ip in ipairs(found) do
    local one = self.ports[ip .. " " .. port]
    if one and not one.driver.host.is_down then return one end
  end
  return nil, "transport"
end

local function fail(self, id, err)
  local one = self.asked[id]
  self.asked[id] = nil
  if one then one.fn(nil, err) end
end

--- Asks; `fn` as on a real network.
function Sites:ask(driver, wish, fn)
  local id = next_number(self)
  local scheme, host, port, target = split(wish.url)
  self.asked[id] = { fn = fn, driver = driver }
  local one, why = find(self, driver, scheme, host, port)
  local err = not one and errors.new(why, "nobody serves " .. wish.url) or nil
  if one and one.max_body and #(wish.body or "") > one.max_body then
    later(driver, 2 * way_ms, function() self:answer(driver.wire, id, 413, "", "") end)
  elseif one then
    later(one.driver, way_ms, one.fn, id, wish.method, target, headers_of(wish, host),
      wish.body or "", driver.host.addresses[1] or "127.0.0.1")
  else
    later(driver, way_ms, fail, self, id, err)
  end
  later(driver, wish.timeout_ms, fail, self, id, errors.new("timeout", "no answer in time"))
  return id
end

function Sites:cancel(id) self.asked[id] = nil end

function Sites:answer(_, id, status, fields, body)
  local one = self.asked[id]
  if not one then return end
  later(one.driver, way_ms, function()
    if not self.asked[id] then return end
    self.asked[id] = nil
    one.fn(status, fields, body)
  end)
end

return sites
