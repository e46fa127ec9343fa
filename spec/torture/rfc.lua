-- SPDX-License-Identifier: MIT
--
-- The messages of RFC 4475 and RFC 5118 byte by byte, out of the RFCs' own texts:
-- each ends with an archive (base64, gzip, tar). The texts are not part of this
-- project; they are looked for in $MOONSIP_SHARED/rfc, or ../shared/rfc.

local rfc <const> = {}

local SHARED <const> = os.getenv "MOONSIP_SHARED" or "../shared"

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a"
end

-- The text of an RFC, nil when it is not there.
function rfc.text(number)
  return read(("%s/rfc/rfc%d.txt"):format(SHARED, number))
end

local function archive(text)
  local inside <const>, lines <const> = text:match "BEGIN MESSAGE ARCHIVE %-%-\r?\n(.-)%-%- END", {}
  for line in inside:gmatch "[^\r\n]+" do
    -- Page headers and footers have blanks in them; lines of the archive do not.
    local data = line:match "^%s*([%w+/=]+)%s*$"
    if data then lines[#lines + 1] = data end
  end
  return table.concat(lines, "\n") .. "\n"
end

local function unpack_into(folder, encoded)
  local file <close> = assert(io.open(folder .. "/archive", "w"))
  file:write(encoded)
  file:flush()
  return os.execute(("cd %s && base64 -d archive | tar -xz"):format(folder))
end

-- name -> bytes for every message of the RFC.
function rfc.messages(number)
  local scratch <const> = require "spec.support.scratch"
  local folder <close> = scratch.folder()
  assert(unpack_into(folder.path, archive(assert(rfc.text(number)))))
  local messages <const> = {}
  local names <close> = assert(io.popen("find " .. folder.path .. " -type f -not -name archive"))
  for path in names:lines() do
    messages[path:match "([^/]+)$":gsub("%.dat$", "")] = read(path)
  end
  return messages
end

return rfc
