-- SPDX-License-Identifier: MIT
--
-- A registrar on the test network, and a phone made by hand that sends it REGISTERs.

local face <const> = require "moonsip.face"
local test <const> = require "moonsip.test"
local messages <const> = require "spec.support.messages"

local registrar <const> = {}

local World <const> = {}
World.__index = World

local SERVER <const>, PHONE <const> = "10.0.0.1:5060", "10.0.0.9:5060"

-- A registrar of example.com with these options of sip.location; `net` is another
-- world's, or a new one.
function registrar.new(options, net)
  net = net or test.net { seed = 3 }
  local server <const> = net:agent("sip:registrar@example.com",
    { address = "10.0.0.1", domains = { "example.com" } })
  local self <const> = setmetatable({ net = net, server = server, events = {}, results = {},
    sip = face.of(server.context), cseq = 0, sent = 0 }, World)
  self.loc = self.sip.location(options)
  server:on("REGISTER", function(req)
    local done <const>, err = self.loc:save(req, self.save_options)
    self.results[#self.results + 1] = done or err
  end)
  self.phone = net:endpoint(PHONE)
  return self
end

-- Keeps the events of the location as "registered sip:alice@example.com <uri>".
function World:listen()
  for _, name in ipairs { "registered", "refreshed", "expired", "removed" } do
    self.loc:on(name, function(aor, contact)
      self.events[#self.events + 1] = ("%s %s %s"):format(name, aor, contact)
    end)
  end
  return self
end

-- The events since the last time.
function World:take_events()
  local events <const> = self.events
  self.events = {}
  return events
end

-- Sends a REGISTER for alice and gives the text of its answer. o: contacts (list of
-- values of Contact), and what messages.request takes. CSeq goes up by itself.
function World:register(contacts, o)
  o = o or {}
  self.sent = self.sent + 1
  self.cseq = o.cseq or self.cseq + 1
  local lines <const> = {}
  for _, value in ipairs(contacts or {}) do lines[#lines + 1] = "Contact: " .. value end
  if o.expires then lines[#lines + 1] = "Expires: " .. o.expires end
  for _, line in ipairs(o.lines or {}) do lines[#lines + 1] = line end
  local request <const> = { method = "REGISTER", uri = "sip:example.com", contact = false,
    to = "<sip:alice@example.com>", from = "<sip:alice@example.com>;tag=phone" .. self.sent,
    call_id = "phone-1", branch = "z9hG4bKr" .. self.sent }
  for name, value in pairs(o) do request[name] = value end
  request.lines, request.cseq = lines, self.cseq
  local phone <const> = o.phone or self.phone
  phone:send(messages.request(request), o.server or SERVER)
  return assert(phone:expect(function(bytes)
    return bytes:find("^SIP/2.0 [2-6]") ~= nil
  end)).bytes
end

-- The status of an answer.
function registrar.status(text) return (messages.kind(text)) end

-- The Contacts of an answer.
function registrar.contacts(text) return messages.headers(text, "Contact") end

-- URIs that alice is at, in the order of preference; or the error's code.
function World:found(uri)
  local contacts <const>, err = self.loc:lookup(uri or "sip:alice@example.com")
  if not contacts then return err.code or err.kind end
  local uris <const> = {}
  for at, one in ipairs(contacts) do uris[at] = one.uri end
  return uris
end

function World:close() self.net:close() end

World.__close = World.close

return registrar
