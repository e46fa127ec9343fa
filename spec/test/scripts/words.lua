-- SPDX-License-Identifier: MIT
-- A module of a script's own, which uses moonsip too.
local sip <const> = require "moonsip"

return { greeting = "hello", name = function() return "at-" .. sip.now() end }
