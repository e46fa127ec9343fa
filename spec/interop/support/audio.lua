-- SPDX-License-Identifier: MIT
--
-- What one side said, in what the other side heard.

local sound <const> = require "sound"

local audio <const> = {}

-- The limit of G.711 for speech at its usual level is some 37 dB.
local least_snr_db <const> = 35

local tries <const> = 4

--- Seconds until linphonec has found its pace: of what it hears before that it leaves 10 ms
--- out, or hears them twice, whoever it talks to.
audio.settled_s = 3

local function text(result)
  return ("segmental SNR %.1f dB, correlation %.4f, %d frames lost and %d bad of %d"):format(
    result.segmental_snr, result.correlation, result.lost, result.bad, result.active)
end

--- True when a comparison is that of a line without fault.
---@param result table  of sound.compare
function audio.is_clean(result)
  return result.segmental_snr >= least_snr_db and result.lost == 0
end

--- Makes calls until one carried what was said without fault: a phone whose clock stood
--- still for a while says so in all of that call. Raises with what was measured when
--- none of a few did.
---@param said string                   samples of 8000 Hz
---@param call fun(): string, integer   makes one; what was heard, and its rate
---@return table result                 of sound.compare
function audio.carried(said, call)
  local seen = {}
  for _ = 1, tries do
    local heard, rate = call()
    assert(rate == 8000, "the recording is not of 8000 Hz")
    local result = sound.compare(said, heard, rate)
    if audio.is_clean(result) then return result end
    seen[#seen + 1] = text(result)
  end
  error("no clean call:\n" .. table.concat(seen, "\n"), 0)
end

return audio
