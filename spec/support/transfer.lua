-- SPDX-License-Identifier: MIT
--
-- The three of RFC 5589 on a stage of flow.lua: who transfers, who is transferred, to whom.

local flow <const> = require "spec.support.flow"

local transfer <const> = {}

--- Everybody follows a REFER, and answers at once. `options.target`: of the target's phone;
--- `options.follow`: of req:follow_refer; `options.agents`: of the stage's agents; `options.more`:
--- names of further parties.
function transfer.stage(options)
  options = options or {}
  local names <const> = { "Transferor", "Transferee", "Target",
                          table.unpack(options.more or {}) }
  local stage <const> = flow.stage(names, options.agents)
  local follow <const> = { provisional = false }
  for key, value in pairs(options.follow or {}) do follow[key] = value end
  for _, name in ipairs { "Transferor", "Transferee", "Target" } do
    stage:phone(name, name == "Target" and options.target or { ring = false })
    stage[name]:on("REFER", function(req) return req:follow_refer(follow) end)
  end
  return stage
end

--- The transferee calls, with a GRUU for its Contact unless `plain`, and is put on hold: the
--- transferor's call, and the transferee's.
function transfer.begin(stage, plain)
  local gruu <const> = stage.Transferee.contact .. ";gr=3413kj2ha"
  local theirs <const> = assert(stage.Transferee:call(stage.Transferor,
    { contact = not plain and gruu or nil }))
  stage:advance "1s"
  local call <const> = stage.Transferor.calls[1]
  assert(call:hold())
  stage:advance "1s"
  return call, theirs
end

--- The transferor calls the target and puts it on hold.
function transfer.consult(stage, options)
  local second <const> = assert(stage.Transferor:call(stage.Target, options))
  stage:advance "1s"
  assert(second:hold())
  stage:advance "1s"
  return second
end

--- The target has talked, and hangs up.
function transfer.talk(stage)
  stage:advance "1s"
  assert(#stage.Target.calls == 1)
  stage.Target.calls[1]:hangup()
end

return transfer
