-- SPDX-License-Identifier: MIT
--
-- Certificates as specs want them, good and bad, by the `openssl` command: an authority,
-- and whatever it signs. Keys are of P-256, which are made in no time.

local scratch <const> = require "spec.support.scratch"

local Authority <const> = {}
Authority.__index = Authority

local certificates <const> = {}

local function run(self, command)
  local output, code = self.folder:run("cd " .. self.folder.path .. "\n" .. command .. "\n")
  if code ~= 0 then error("openssl: " .. output, 2) end
end

local function new_key(self, name)
  run(self, ("openssl ecparam -name prime256v1 -genkey -noout -out %s.key"):format(name))
end

--- An authority with a folder of its own; `<close>` removes it.
---@return table
function certificates.authority()
  local self = setmetatable({ folder = scratch.folder(), serial = 0 }, Authority)
  self.path = self.folder.path .. "/ca.pem"
  new_key(self, "ca")
  run(self, "openssl req -x509 -new -key ca.key -subj /CN=authority -days 30 -out ca.pem"
    .. " -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign")
  self.folder:write("index.txt", "")
  self.folder:write("crl.cnf", "[ca]\ndefault_ca = a\n[a]\ndatabase = "
    .. self.folder.path .. "/index.txt\ndefault_md = sha256\ndefault_crl_days = 30\n")
  return self
end

--- A certificate and its key: paths of two files.
---@param name string   of the files
---@param options { names: string?, common_name: string?, usage: string?, from: string?, till: string?, by: string?, is_authority: boolean?, self_signed: boolean? }?
---  names: subjectAltName as openssl.cnf has it ("DNS:a.example,URI:sip:a.example"; "":
---  none); from, till: "20250101000000Z"; by: another authority's name in the folder
---@return string certificate
---@return string key
function Authority:issue(name, options)
  options = options or {}
  self.serial = self.serial + 1
  new_key(self, name)
  local extensions = {}
  local names = options.names or "DNS:" .. name
  if names ~= "" then extensions[1] = "subjectAltName=" .. names end
  if options.usage then extensions[#extensions + 1] = "extendedKeyUsage=" .. options.usage end
  extensions[#extensions + 1] = options.is_authority and "basicConstraints=critical,CA:true"
    or "basicConstraints=CA:false"
  self.folder:write(name .. ".ext", table.concat(extensions, "\n") .. "\n")
  run(self, ("openssl req -new -key %s.key -subj '/CN=%s' -out %s.csr"):format(name,
    options.common_name or name, name))
  local by = options.by or "ca"
  local signer = options.self_signed and ("-signkey %s.key"):format(name)
    or ("-CA %s.pem -CAkey %s.key -set_serial %d"):format(by, by, self.serial)
  local dates = options.till and self:dated(name, options) or nil
  if not dates then
    run(self, ("openssl x509 -req -in %s.csr %s -days 20 -extfile %s.ext -out %s.pem"):format(
      name, signer, name, name))
  end
  return self.folder.path .. "/" .. name .. ".pem", self.folder.path .. "/" .. name .. ".key"
end

--- One below a chain of so many authorities, the first of which is below ours: the paths of
--- certificate, key and chain.
---@param count integer
---@param name string
---@param options table?  as above
function Authority:issue_below(count, name, options)
  local by, chain = "ca", {}
  for at = 1, count do
    self:issue("link" .. at, { is_authority = true, by = by })
    by = "link" .. at
    local file <close> = assert(io.open(self.folder.path .. "/" .. by .. ".pem"))
    table.insert(chain, 1, file:read "a")
  end
  local wanted = { by = by }
  for key, value in pairs(options or {}) do wanted[key] = value end
  local cert, key = self:issue(name, wanted)
  return cert, key, self.folder:write("chain.pem", table.concat(chain))
end

--- The same with dates, for which `openssl ca` is needed.
---@private
function Authority:dated(name, options)
  run(self, ("printf '%%04X\\n' %d >serial"):format(self.serial + 0x1000))
  self.folder:write("dated.cnf", ("[ca]\ndefault_ca = a\n[a]\ndatabase = %s/index.txt\n"
    .. "serial = %s/serial\nnew_certs_dir = %s\ndefault_md = sha256\npolicy = p\n"
    .. "unique_subject = no\n[p]\ncommonName = supplied\n"):format(self.folder.path,
    self.folder.path, self.folder.path))
  run(self, ("openssl ca -batch -config dated.cnf -cert ca.pem -keyfile ca.key -in %s.csr "
    .. "-startdate %s -enddate %s -extfile %s.ext -notext -out %s.pem"):format(name,
    options.from or "20200101000000Z", options.till, name, name))
  return true
end

--- Takes certificates back: the path of a revocation list.
---@param ... string  names of files
function Authority:revoke(...)
  for _, name in ipairs { ... } do
    run(self, ("openssl ca -config crl.cnf -cert ca.pem -keyfile ca.key -revoke %s.pem")
      :format(name))
  end
  run(self, "openssl ca -config crl.cnf -cert ca.pem -keyfile ca.key -gencrl -out crl.pem")
  return self.folder.path .. "/crl.pem"
end

function Authority:close()
  self.folder:remove()
end

Authority.__close = Authority.close

return certificates
