---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of session descriptions: `sip.sdp`, `req.sdp`, `call.media`.

---@alias moonsip.Direction "sendrecv"|"sendonly"|"recvonly"|"inactive"
---@alias moonsip.SdpOption string|moonsip.Sdp|false|(fun(sdp: moonsip.Sdp): string|moonsip.Sdp|nil)|nil

---@class moonsip.Sdp
---@field text string
---@field origin { username: string, session_id: string, session_version: string, nettype: string, addrtype: string, address: string }
---@field media moonsip.SdpMedia[]
---@field name string?
---@field information string?
---@field uri string?
---@field address string?
---@field direction moonsip.Direction
---@field bandwidth table<string, integer>
---@field attributes table<string, string|true|(string|true)[]|nil>
---@operator concat: string
local Sdp = {}
---@param letter string
---@return string?
function Sdp:line(letter) end
---@param letter string
---@return string[]
function Sdp:lines(letter) end
---@param letter string
---@param value string?
function Sdp:set_line(letter, value) end
---@param name string
---@return (string|true)[]
function Sdp:attribute_values(name) end
---@param name string
---@param value string?
function Sdp:add_attribute(name, value) end
---@return moonsip.Sdp
function Sdp:copy() end

---@class moonsip.SdpMedia
---@field type string
---@field port integer
---@field port_count integer
---@field proto string
---@field formats string[]
---@field codecs moonsip.Codec[]
---@field ptime integer?
---@field maxptime integer?
---@field rtcp { port: integer, address: string? }?
---@field rtcp_mux boolean
---@field addrtype string?
---@field index integer
---@field session moonsip.Sdp
---@field information string?
---@field address string?
---@field direction moonsip.Direction
---@field bandwidth table<string, integer>
---@field attributes table<string, string|true|(string|true)[]|nil>
local SdpMedia = {}
---@param letter string
---@return string?
function SdpMedia:line(letter) end
---@param letter string
---@return string[]
function SdpMedia:lines(letter) end
---@param letter string
---@param value string?
function SdpMedia:set_line(letter, value) end
---@param name string
---@return (string|true)[]
function SdpMedia:attribute_values(name) end
---@param name string
---@param value string?
function SdpMedia:add_attribute(name, value) end

---@class moonsip.Codec
---@field name string
---@field rate integer          Hz
---@field channels integer?
---@field payload_type integer?
---@field fmtp string?
---@field receive integer?
---@field own_fmtp string?

---@class moonsip.Media
---@field direction moonsip.Direction
---@field sends boolean
---@field receives boolean
---@field held boolean
---@field address string
---@field port integer
---@field rtcp { port: integer, address: string? }
---@field rtcp_mux boolean
---@field codec moonsip.Codec
---@field codecs moonsip.Codec[]
---@field events moonsip.Codec?
---@field comfort_noise moonsip.Codec?
---@field ptime integer?        ms
---@field maxptime integer?     ms
---@field number integer
---@field active boolean
