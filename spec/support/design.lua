-- SPDX-License-Identifier: MIT
--
-- The scripts that the Lua API was designed by (spec/examples/design), each in a folder that
-- has the prompts of the examples, and where it leaves its files:
--
--   local stage
--   before_each(function() stage = design.new() end)
--   after_each(function() stage:close() end)

local scratch <const> = require "spec.support.scratch"
local test <const> = require "moonsip.test"
local uv <const> = require "luv"

local design <const> = {}

local Stage <const> = {}
Stage.__index = Stage

-- As soon as a file of another folder is run, nothing of ours is found by a relative path.
local function absolute(path, root)
  return (path:gsub("%f[^\0;]%./", root .. "/"):gsub("%f[^\0;]([^/;][^;]*)", root .. "/%1"))
end

function design.new()
  local self <const> = setmetatable({ root = scratch.root(), path = package.path,
    net = test.net(), folder = scratch.folder() }, Stage)
  self.folder:run("cp -r examples/prompts/* " .. self.folder.path)
  package.path = self.folder.path .. "/?.lua;" .. absolute(self.path, self.root)
  uv.chdir(self.folder.path)
  return self
end

--- Runs one of them at 10.0.0.1.
---@param name string
---@return moonsip.test.Script
function Stage:load(name)
  return self.net:load(("%s/spec/examples/design/%s.lua"):format(self.root, name), "10.0.0.1")
end

function Stage:close()
  uv.chdir(self.root)
  package.path = self.path
  self.net:close()
  self.folder:remove()
end

return design
