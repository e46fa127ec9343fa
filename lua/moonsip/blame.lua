-- SPDX-License-Identifier: MIT
-- Handlers that went wrong (api.md rule 6): one that raised is told to on("error") or to
-- the log, its unanswered request gets a 500, its call a BYE; one that returned without
-- an answer gets a 500 and is named.

local callflow = require "moonsip.callflow"
local errors = require "moonsip.errors"
local watchdog = require "moonsip.watchdog"

local Blame = {}

local blame = {}

--- Gives its methods to the class of agents.
function blame.mixin(class)
  for name, method in pairs(Blame) do class[name] = method end
end

local function run_error(self, err)
  for _, fn in ipairs(self.handlers:of_event "error") do fn(err) end
end

--- Tells on("error") of a handler that raised, or the log when nobody listens.
---@param fn function
---@param err any        what it raised
---@param trace string
---@param req moonsip.Request?
---@param call_id string?  of what it was about; the request's
function Blame:handler_failed(fn, err, trace, req, call_id)
  local context = self.context
  local flow = callflow.draw(self, call_id or req and req.message.call_id)
  local told = errors.new("invalid", trace:match "^[^\n]*", {
    traceback = trace, handler = watchdog.place(fn), request = req, cause = err,
    ladder = flow,
  })
  if not self.handlers:has "error" or fn == run_error then
    return context.report(fn, told, flow == "" and trace or trace .. "\n" .. flow)
  end
  context.tasks:spawn(self, run_error, self, told)
end

--- A handler raised, or returned without an answer (api.md rule 6).
---@param req moonsip.Request
function Blame:handler_ended(req, fn, err, trace)
  local method = req.message.method
  if trace then self:handler_failed(fn, err, trace, req) end
  local can_answer = not req.final and req.transaction ~= 0 and not self.closed
  if err == nil then
    if not can_answer then return end
    if method == "BYE" then return req:reply(200) end
    self.context.log:error("handler %s returned without answering %s; it got a 500",
      watchdog.place(fn), method)
    return req:reply(500)
  end
  if can_answer then req:reply(trace and 500 or err) end
  local of = req.dialog
  if trace and of and of.state ~= "ended" then of:close(err) end
end

--- A task of the agent's own (an observer, an event, a callback) waits, or ended.
function Blame:task_waits() end

function Blame:task_done(task, err, trace)
  if trace then self:handler_failed(task.fn, err, trace, nil) end
end

return blame
