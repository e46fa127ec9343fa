-- SPDX-License-Identifier: MIT
-- A contact of an address of record, as a look-up gives it: a target for requests.

---@class moonsip.Contact
---@field uri string             where its requests go
---@field q number               0 to 1: how much it is preferred
---@field expires integer        seconds it is still valid for
---@field path string[]?         proxies to visit on the way (RFC 3327), the first one first
---@field flow userdata?         that leads to it, where its URI would not
---@field instance string?       of +sip.instance: which device it is (RFC 5626)
---@field reg_id integer?        which of the flows of that device
---@field params string?         the other parameters of its Contact, ";a=b"
---@field call_id string         of the REGISTER that made or refreshed it
---@field cseq integer           likewise
local Contact = {}
Contact.__index = Contact
Contact.__name = "moonsip.contact"

function Contact:__tostring() return self.uri end

local contact = {}

--- Makes contacts of the tables of a list, which becomes one in the order of preference:
--- by q, and among equals the latest first.
---@param list table[]
---@return moonsip.Contact[]
function contact.list(list)
  for at = 1, #list do
    local one = setmetatable(list[at], Contact)
    local to = at
    while to > 1 and list[to - 1].q < one.q do
      list[to] = list[to - 1]
      to = to - 1
    end
    list[to] = one
  end
  return list
end

--- Makes a contact of a table.
---@return moonsip.Contact
function contact.new(fields)
  return setmetatable(fields, Contact)
end

contact.Contact = Contact

return contact
