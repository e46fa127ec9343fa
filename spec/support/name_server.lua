-- SPDX-License-Identifier: MIT
--
-- A name server of a spec's own on a loopback port (RFC 1035 4.1), which answers what it is
-- told to, well-formed or not.

local ends <const> = require "spec.net.ends"
local uv <const> = require "luv"

local name_server <const> = {}

local TYPES <const> = { A = 1, SOA = 6, AAAA = 28, SRV = 33, NAPTR = 35 }
local NAMES <const> = {}
for name, code in pairs(TYPES) do NAMES[code] = name end
local NXDOMAIN <const>, SERVFAIL <const> = 3, 2
name_server.NXDOMAIN, name_server.SERVFAIL = NXDOMAIN, SERVFAIL

--- "a.example" as labels.
local function labels(name)
  return name:gsub("([^.]+)%.?", function(label)
    return string.char(#label) .. label
  end) .. "\0"
end
name_server.labels = labels

local function read_question(text)
  local names, at = {}, 13
  while text:byte(at) > 0 do
    local label = string.unpack("s1", text, at)
    names[#names + 1], at = label:lower(), at + 1 + #label
  end
  local kind = string.unpack(">I2", text, at + 1)
  return table.concat(names, "."), NAMES[kind], kind
end

local function text_of(word) return string.pack("s1", word) end

local write = {}

function write.A(ip) return string.char(ip:match "(%d+)%.(%d+)%.(%d+)%.(%d+)") end

function write.AAAA(ip)
  assert(ip == "::1", "the one IPv6 address of this machine's loopback")
  return ("\0"):rep(15) .. "\1"
end

function write.SRV(one)
  return string.pack(">I2I2I2", one[1], one[2], one[3]) .. labels(one[4])
end

function write.NAPTR(one)
  return string.pack(">I2I2", one[1], one[2]) .. text_of(one[3]) .. text_of(one[4])
    .. text_of(one[5]) .. labels(one[6])
end

local function record_of(name, code, data, ttl)
  return name .. string.pack(">I2I2I4s2", code, 1, ttl, data)
end
name_server.record = record_of

--- An answer to a question: `list` of data of its type, `code` of failure, `ttl`; of a
--- negative answer `soa` is the span for which it is good.
function name_server.answer(question, list, options)
  options = options or {}
  local name, _, code = read_question(question)
  local authority = options.soa and record_of("\xc0\x0c", TYPES.SOA,
    labels "ns" .. labels "root" .. string.pack(">I4I4I4I4I4", 1, 2, 3, 4, options.soa), 3600)
  local text = string.pack(">I2I2I2I2I2I2", options.id or (string.unpack(">I2", question)),
    0x8180 | (options.code or 0) | (options.flags or 0), 1, #list, authority and 1 or 0, 0)
    .. labels(options.name or name) .. string.pack(">I2I2", code, 1)
  for _, data in ipairs(list) do
    text = text .. record_of("\xc0\x0c", code, data, options.ttl or 60)
  end
  return text .. (authority or "")
end

-- What the server says to a question; nil: nothing.
local function answer_to(server, question)
  local name, kind = read_question(question)
  server.asked = server.asked + 1
  server.questions[server.asked] = ("%s %s"):format(kind or "?", name)
  local record = server.records[name]
  if type(record) == "function" then return record(question, kind, server) end
  if type(record) == "number" then
    return name_server.answer(question, {}, { code = record })
  end
  if record == nil then return nil end
  local list = {}
  for at, one in ipairs(record[kind] or {}) do list[at] = write[kind](one) end
  return name_server.answer(question, list, server.options)
end

-- The same over TCP, where a length stands in front (RFC 1035 4.2.2), on a free port.
local function listen_on_tcp(server)
  local handle = uv.new_tcp()
  assert(handle:bind("127.0.0.1", 0))
  assert(handle:listen(16, function()
    local client, got = uv.new_tcp(), ""
    assert(handle:accept(client))
    client:read_start(function(_, bytes)
      if not bytes then return client:close() end
      got = got .. bytes
      if #got < 2 or #got < 2 + string.unpack(">I2", got) then return end
      server.asked_over_tcp = (server.asked_over_tcp or 0) + 1
      local answer = answer_to(server, (string.unpack(">s2", got)))
      got = ""
      if answer then client:write(string.pack(">s2", answer)) end
    end)
  end))
  return handle, handle:getsockname().port
end

--- records: [name] = { A = {...}, SRV = {...} ... }, a code, or a function(question, kind,
--- server) whose result is sent as it is; a name that is not in it is not answered at all.
--- `asked` counts, `questions` lists "KIND name". options: `ttl`, `soa`; `tcp`: what does
--- not fit into 512 bytes can be asked for by TCP.
function name_server.start(records, options)
  options = options or {}
  local server, tcp, port = { asked = 0, questions = {}, records = records,
                              options = options }, nil, nil
  if options.tcp then tcp, port = listen_on_tcp(server) end
  local udp = ends.udp("127.0.0.1", port)
  server.port, server.handle = udp.port, udp.handle
  udp.handle:recv_stop()
  udp.handle:recv_start(function(_, question, from)
    if not question then return end
    server.from = from
    local answer = answer_to(server, question)
    if answer and #answer > 512 and tcp then
      answer = name_server.answer(question, {}, { flags = 0x0200 }) -- TC
    end
    if answer then udp.handle:try_send(answer, from.ip, from.port) end
  end)
  function server.close()
    if tcp and not tcp:is_closing() then tcp:close() end
    udp:close()
  end
  return setmetatable(server, { __close = server.close })
end

--- A service of `ends` that asks it.
function name_server.service(records, loop_options, options)
  local server = name_server.start(records, options)
  loop_options = loop_options or {}
  loop_options.name_servers = "127.0.0.1:" .. server.port
  local service = ends.service { loop = loop_options }
  service:own(server)
  return service, server
end

return name_server
