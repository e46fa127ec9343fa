-- SPDX-License-Identifier: MIT
--
-- The list of scenarios in README.md, the files, and the specs that run them agree.

local scenarios <const> = require "spec.interop.support.scenarios"

local function read(path)
  local file <close> = assert(io.open("spec/interop/" .. path))
  return file:read "a"
end

describe("Each scenario of SIPp", function()
  local readme <const> = read "README.md"
  local specs <const> = read "sipp_caller_spec.lua" .. read "sipp_called_spec.lua"
    .. read "phones_spec.lua" .. read "phones_together_spec.lua"
    .. read "carriers_spec.lua" .. read "attack_spec.lua"
    .. read "proxy_spec.lua" .. read "dialogs_spec.lua" .. read "b2bua_spec.lua"
    .. read "sipp_media_spec.lua" .. read "sipp_phones_spec.lua"
    .. read "sipp_events_spec.lua" .. read "stunnel_spec.lua"

  it("is one of at least ten, in both roles", function()
    local count = { uac = 0, uas = 0 }
    for _, name in ipairs(scenarios.names()) do
      local role = name:match "^(ua[cs])_"
      count[role] = count[role] + 1
    end
    assert.is_true(count.uac >= 10 and count.uas >= 10)
  end)

  for _, name in ipairs(scenarios.names()) do
    it("names the clauses it shows, is in the list, and is run: " .. name, function()
      local title = scenarios.title(name)
      assert.truthy(title:find "RFC %d+ [%d.]+", title)
      assert.truthy(readme:find(("\n| `%s` | %s |\n"):format(name, title), 1, true), title)
      assert.truthy(specs:find(('"%s"'):format(name), 1, true))
    end)
  end

  it("of the list is there", function()
    for name in readme:gmatch "\n| `(ua[cs]_[%l_]+)` |" do scenarios.title(name) end
  end)
end)
