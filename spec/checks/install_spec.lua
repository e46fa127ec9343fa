-- SPDX-License-Identifier: MIT
--
-- The installer: silent and without apt-get when nothing is missing, sudo only
-- where needed, and clear about what is missing when it cannot help.

local scratch <const> = require "spec.support.scratch"

local TABLE <const> = [[
# a comment
build  command  sh                 dash
build  command  wheel              wheel-tools
build  file     %s/include/axle*.h libaxle-dev
test   lua      busted             lua-busted
test   lua      no_such_module     lua-nothing
]]

describe("the installer", function()
  local folder

  local function program(name, text)
    assert(os.execute("chmod +x " .. folder:write(name, "#!/bin/sh\n" .. text .. "\n")))
  end

  -- apt-get that makes what it is asked to install, and writes down its calls
  local APT <const> = [[
cd %s || exit 9
echo "$*" >>calls
case "$*" in *wheel-tools*) printf '#!/bin/sh\n' >bin/wheel; chmod +x bin/wheel ;; esac
case "$*" in *libaxle-dev*) mkdir -p include; : >include/axle-2.h ;; esac
]]

  before_each(function()
    folder = scratch.folder()
    folder:write("packages", TABLE:format(folder.path))
    program("bin/id", "echo 0")
    assert(os.execute("cp .ci/install " .. folder.path))
  end)
  after_each(function() folder:remove() end)

  local function install(sets, path)
    return folder:run(("PATH=%s/bin:%s %s/install %s"):format(folder.path,
      path or "$PATH", folder.path, sets))
  end

  local function calls()
    local file <close> = io.open(folder.path .. "/calls")
    return file and file:read "a"
  end

  it("installs what is missing, and calls nothing the second time", function()
    program("bin/apt-get", APT:format(folder.path))
    local output, status = install "build"
    assert.equal(0, status, output)
    assert.truthy(output:find("Installing: libaxle-dev wheel-tools", 1, true), output)
    local first <const> = calls()
    assert.truthy(first:find("install -y --no-install-recommends libaxle-dev wheel-tools",
      1, true), first)
    output, status = install "build"
    assert.equal(0, status)
    assert.equal("", output)
    assert.equal(first, calls())
  end)

  it("updates the lists when a package is not known yet, then tries again", function()
    program("bin/apt-get", ([[
case "$*" in
*update*) touch %s/updated ;;
*) [ -e %s/updated ] || exit 100 ;;
esac
]]):format(folder.path, folder.path) .. APT:format(folder.path))
    local output, status = install "build"
    assert.equal(0, status, output)
    assert.truthy(calls():find("update", 1, true))
  end)

  it("uses sudo when it is not root", function()
    program("bin/id", "echo 1000")
    program("bin/apt-get", "exit 1")
    program("bin/sudo", "shift 2; shift; " .. APT:format(folder.path))
    local output, status = install "build"
    assert.equal(0, status, output)
    assert.truthy(calls():find("install", 1, true))
  end)

  local BARE <const> = "/nonexistent"

  local function bare(names)
    for name in names:gmatch "%S+" do
      assert(os.execute(("ln -s $(command -v %s) %s/bin/"):format(name, folder.path)))
    end
  end

  it("says what is missing where there is no apt-get", function()
    bare "sh dirname grep sort ls lua5.4"
    local output, status = install("build", BARE)
    assert.equal(1, status, output)
    assert.truthy(output:find("needs these packages: libaxle-dev wheel-tools", 1, true),
      output)
    assert.truthy(output:find("no apt-get here", 1, true))
  end)

  it("says what is missing where there is neither root nor sudo", function()
    bare "sh dirname grep sort ls lua5.4"
    program("bin/id", "echo 1000")
    program("bin/apt-get", "exit 1")
    local output, status = install("build", BARE)
    assert.equal(1, status)
    assert.truthy(output:find("needs these packages: libaxle-dev wheel-tools", 1, true))
    assert.truthy(output:find("not root, and there is no sudo", 1, true))
  end)

  it("fails when apt-get does, and when it did not help", function()
    program("bin/apt-get", "exit 100")
    local output, status = install "build"
    assert.equal(1, status)
    assert.truthy(output:find("could not install", 1, true))
    program("bin/apt-get", "exit 0")
    output, status = install "test"
    assert.equal(1, status)
    assert.truthy(output:find("needs these packages: lua-nothing", 1, true), output)
  end)

  it("refuses a table that it does not understand", function()
    folder:write("packages", "build  guess  x  y\n")
    local output, status = install "build"
    assert.not_equal(0, status)
    assert.truthy(output:find("not SET PROBE WHAT PACKAGE", 1, true))
  end)
end)
