-- SPDX-License-Identifier: MIT
--
-- Rewrites the perfect hash of csrc/sip/header_hash.h after a change of the list
-- in csrc/sip/header.h: lua5.4 .ci/header_names.lua [folder of the sources]
local root <const> = arg[1] or "csrc/sip"
local SLOTS <const> = 1024

local names = {}
for line in io.lines(root .. "/header.h") do
  local id, name, compact = line:match('^  X%(([%w_]+), "([^"]+)", (%S+), %u+%)')
  if id then
    names[#names + 1] = { name:lower(), id }
    local letter = compact:match("'(%l)'")
    if letter then names[#names + 1] = { letter, id } end
  end
end

-- The same sum as in header.c: length, first, middle and last letter.
local function slot_of(name, factors)
  local n = #name
  return (n * factors[1] + name:byte(1) * factors[2] + name:byte(n // 2 + 1) * factors[3]
    + name:byte(n) * factors[4]) % SLOTS
end

local function try(factors)
  local slots = {}
  for _, entry in ipairs(names) do
    local slot = slot_of(entry[1], factors)
    if slots[slot] then return nil end
    slots[slot] = entry[2]
  end
  return slots
end

local function search()
  math.randomseed(3261)
  for _ = 1, 10000000 do
    local factors = {}
    for i = 1, 4 do factors[i] = math.random(1, SLOTS - 1) end
    local slots = try(factors)
    if slots then return factors, slots end
  end
  error("no perfect hash found: use more slots")
end

local factors, slots = search()
local out <close> = assert(io.open(root .. "/header_hash.h", "w"))
out:write([[
/* SPDX-License-Identifier: MIT
 *
 * Written by .ci/header_names.lua from the list in header.h: a hash of length,
 * first, middle and last letter that no two names share.
 */
#ifndef MOONSIP_SIP_HEADER_HASH_H
#define MOONSIP_SIP_HEADER_HASH_H

#include "sip/header.h"

]])
out:write(("enum {\n  HASH_SLOTS = %d,\n  HASH_LENGTH = %d,\n  HASH_FIRST = %d,\n"
  .. "  HASH_MIDDLE = %d,\n  HASH_LAST = %d,\n  HASH_NAMES = %d\n};\n\n")
  :format(SLOTS, factors[1], factors[2], factors[3], factors[4], #names))
out:write("static const uint8_t hash_slots[HASH_SLOTS] = {\n")
for slot = 0, SLOTS - 1 do
  if slots[slot] then out:write(("    [%d] = SIP_HEADER_%s,\n"):format(slot, slots[slot])) end
end
out:write("};\n\n#endif\n")
