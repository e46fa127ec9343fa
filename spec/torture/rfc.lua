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

-- RFC 5118's archive holds text with LF line ends; two messages lack their empty
-- line, and the Content-Length of ipv6-in-sdp does not count right (4.6).
local function mended(text)
  text = text:gsub("\r?\n", "\r\n")
  if not text:find("\r\n\r\n", 1, true) then text = text .. "\r\n" end
  local body <const> = text:match "\r\n\r\n(.*)"
  return (text:gsub("Content%-Length: %d+", "Content-Length: " .. #body))
end

-- name -> bytes for every message of the RFC.
function rfc.messages(number)
  local scratch <const> = require "spec.support.scratch"
  local folder <close> = scratch.folder()
  assert(unpack_into(folder.path, archive(assert(rfc.text(number)))))
  local messages <const> = {}
  local names <close> = assert(io.popen("find " .. folder.path .. " -type f -not -name archive"))
  for path in names:lines() do
    local text = read(path)
    messages[path:match "([^/]+)$":gsub("%.dat$", "")] = number == 5118 and mended(text) or text
  end
  return messages
end

return rfc
