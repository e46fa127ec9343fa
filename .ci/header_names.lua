-- SPDX-License-Identifier: MIT
--
-- Rewrites the perfect hash of csrc/sip/header_hash.h after a change of the list
-- in csrc/sip/header.h: lua5.4 .ci/header_names.lua [folder of the sources]
local root <const> = arg[1] or "csrc/sip"
local SLOT_BITS <const> = 10

local names = {}
for line in io.lines(root .. "/header.h") do
  local id, name, compact = line:match('^  X%(([%w_]+), "([^"]+)", (%S+), %u+%)')
  if id then
    names[#names + 1] = { name:lower(), id }
    local letter = compact:match("'(%l)'")
    if letter then names[#names + 1] = { letter, id } end
  end
end

-- The same as in header.c: the first and the last eight letters as numbers, the
-- first byte lowest; a short name is both, with blanks behind it.
local function words(name)
  local head = ("<I8"):unpack((name .. "        "):sub(1, 8))
  return head, #name < 8 and head or ("<I8"):unpack(name:sub(-8))
end

local function slot_of(name, factors)
  local head, tail = words(name)
  return (head * factors[1] + tail) * factors[2] >> 64 - SLOT_BITS
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
  for _ = 1, 1000000 do
    local factors = { math.random(0) | 1, math.random(0) | 1 }
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
 * Written by .ci/header_names.lua from the list in header.h: a hash of the first and
 * the last eight letters that no two names share.
 */
#ifndef MOONSIP_SIP_HEADER_HASH_H
#define MOONSIP_SIP_HEADER_HASH_H

#include "sip/header.h"

]])
out:write(("enum { HASH_SLOT_BITS = %d, HASH_NAMES = %d };\n\n"):format(SLOT_BITS, #names))
out:write(("#define HASH_HEAD UINT64_C(0x%016x)\n#define HASH_SUM UINT64_C(0x%016x)\n\n")
  :format(factors[1], factors[2]))
out:write("static const uint8_t hash_slots[1 << HASH_SLOT_BITS] = {\n")
for slot = 0, (1 << SLOT_BITS) - 1 do
  if slots[slot] then out:write(("    [%d] = SIP_HEADER_%s,\n"):format(slot, slots[slot])) end
end
out:write("};\n\n#endif\n")
