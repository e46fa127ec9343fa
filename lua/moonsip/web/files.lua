-- SPDX-License-Identifier: MIT
-- A folder of files for browsers.

local files = {}

-- Larger ones are not served.
local max_size <const> = 8 << 20

local types <const> = {
  html = "text/html; charset=utf-8", htm = "text/html; charset=utf-8",
  css = "text/css; charset=utf-8", js = "text/javascript; charset=utf-8",
  mjs = "text/javascript; charset=utf-8", json = "application/json",
  txt = "text/plain; charset=utf-8",
  xml = "application/xml", svg = "image/svg+xml", png = "image/png", jpg = "image/jpeg",
  jpeg = "image/jpeg", gif = "image/gif", ico = "image/x-icon", webp = "image/webp",
  wav = "audio/wav", mp3 = "audio/mpeg", ogg = "audio/ogg", woff2 = "font/woff2",
  wasm = "application/wasm", map = "application/json", pem = "application/x-pem-file",
}

-- Names that stay in the folder: no segment is empty, hidden, "." or "..".
local function is_inside(name)
  if name:find "[\\%z]" then return false end
  for segment in (name .. "/"):gmatch "([^/]*)/" do
    if segment == "" or segment:sub(1, 1) == "." then return false end
  end
  return true
end

local function read_all(path)
  local file <close> = io.open(path, "rb")
  if not file then return nil, 404 end
  local size = file:seek "end"
  if not size or size > max_size then return nil, 404 end
  file:seek "set"
  local text = file:read "a" -- nil for a folder
  if not text then return nil, 404 end
  return text
end

--- What a route answers for a file of a folder: `index.html` for the name of a folder.
---@param folder string
---@param name string  with "/" between its parts; no way leads out of the folder
---@return integer status
---@return string? body
---@return table<string, string>? fields
function files.read(folder, name)
  if name == "" or name:sub(-1) == "/" then name = name .. "index.html" end
  if not is_inside(name) then return 404 end
  local text, status = read_all(folder .. "/" .. name)
  if not text then return status end
  local kind = types[(name:match "%.(%w+)$" or ""):lower()] or "application/octet-stream"
  return 200, text, { ["Content-Type"] = kind, ["X-Content-Type-Options"] = "nosniff" }
end

return files
