---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of calls and of other dialogs.

---@alias moonsip.SessionTimer moonsip.Duration|boolean|{ interval: moonsip.Duration?, min: moonsip.Duration?, refresher: "us"|"them"|nil }

---@class moonsip.AnswerOptions
---@field sdp moonsip.SdpOption
---@field codecs string[]?
---@field headers moonsip.Headers?
---@field session_timer moonsip.SessionTimer?
---@field code integer?          of call:early, as the next two
---@field reliable boolean?
---@field authorize "sendrecv"|"sendonly"|"recvonly"|"inactive"|nil

---@class moonsip.ChangeOptions
---@field sdp moonsip.SdpOption
---@field codecs string[]?
---@field headers moonsip.Headers?
---@field timeout moonsip.Duration?
---@field from string|moonsip.Uri|moonsip.Address|nil

---@class moonsip.HoldOptions
---@field music moonsip.Prompt?     of call:hold
---@field headers moonsip.Headers?
---@field timeout moonsip.Duration?

---@class moonsip.DialogOptions
---@field headers moonsip.Headers?
---@field body string?
---@field content_type string?
---@field timeout moonsip.Duration?
---@field transport "udp"|"tcp"|nil
---@field no_tcp boolean?

---@class moonsip.Dialog: moonsip.Observable
---@field agent moonsip.Agent
---@field state string
---@field why moonsip.Error|false
---@field call_id string?
---@field local_tag string?
---@field remote_tag string?
---@field local_uri string?
---@field remote_uri string?
---@field target string?
---@field routes string?
---@field secure boolean?
local Dialog = {}
---@param method string
---@param options moonsip.DialogOptions?
---@return moonsip.Exchange
function Dialog:request(method, options) end
---@param text string
---@param options moonsip.MessageOptions?
---@param fn fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Dialog:message(text, options, fn) end
---@param options moonsip.DialogOptions?
---@param fn fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Dialog:options(options, fn) end
---@param fn fun(why: moonsip.Error?, err: moonsip.Error?)?
---@return moonsip.Error? why
---@return moonsip.Error? err
function Dialog:wait_end(fn) end
function Dialog:close() end

---@class moonsip.Call: moonsip.Dialog, moonsip.CallVerbs
---@field direction "in"|"out"
---@field state "calling"|"incoming"|"ringing"|"connected"|"ended"
---@field id string
---@field from moonsip.Address
---@field to moonsip.Address
---@field req moonsip.Request|false
---@field local_sdp string?
---@field remote_sdp string?
---@field media moonsip.Media?
---@field held boolean
---@field holding boolean
---@field remote moonsip.Address
---@field session_timer { interval: integer, refresher: "us"|"them", ends_in: number }?
---@field early_media string|false
---@field info_packages string[]?
local Call = {}
---@param package string|moonsip.DialogOptions
---@param options moonsip.DialogOptions?
---@param fn fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Call:info(package, options, fn) end
---@param options moonsip.AnswerOptions?
---@return moonsip.Call?
---@return moonsip.Error? err
function Call:answer(options) end
---@param options moonsip.ReplyOptions|table?
---@return true?
---@return moonsip.Error? err
function Call:ring(options) end
---@param options moonsip.AnswerOptions?
---@return moonsip.Call?
---@return moonsip.Error? err
function Call:early(options) end
---@param code integer|moonsip.Error
---@param reason string?
---@param options moonsip.ReplyOptions|table?
---@return true?
---@return moonsip.Error? err
function Call:reject(code, reason, options) end
---@param targets string|moonsip.Uri|moonsip.Address|(string|moonsip.Uri|moonsip.Address)[]
---@param options { code: integer?, headers: moonsip.Headers? }?
---@return true?
---@return moonsip.Error? err
function Call:redirect(targets, options) end
---@param target moonsip.Target
---@param options moonsip.DialOptions?
---@param fn fun(leg: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call? leg
---@return moonsip.Error? err
function Call:dial(target, options, fn) end
---@param options moonsip.HoldOptions?
---@param fn fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function Call:hold(options, fn) end
---@param options moonsip.HoldOptions?
---@param fn fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function Call:resume(options, fn) end
---@param fn fun(call: moonsip.Call?, err: moonsip.Error?)?
---@return moonsip.Call?
---@return moonsip.Error? err
function Call:wait(fn) end
---@param options { headers: moonsip.Headers?, reason: string?, code: integer? }?
---@return boolean done
function Call:hangup(options) end
---@param err any
function Call:close(err) end
---@return table?
---@return moonsip.Error? err
function Call:stats() end
---@param span moonsip.Duration
function Call:limit(span) end
---@param options { width: integer? }?
---@return string
function Call:ladder(options) end
---@param options moonsip.ChangeOptions?
---@param fn fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Call:reinvite(options, fn) end
---@param options moonsip.ChangeOptions?
---@param fn fun(res: moonsip.Response?, err: moonsip.Error?)?
---@return moonsip.Response?
---@return moonsip.Error? err
function Call:update(options, fn) end
---@param options moonsip.ReferOptions
---@return fun(): moonsip.ReferStep?
function Call:refer(options) end
---@param to string|moonsip.Uri|moonsip.Address|moonsip.Call
---@param options { replaces: moonsip.Call?, referred_by: any, headers: moonsip.Headers?, fallback: boolean?, timeout: moonsip.Duration?, ring: moonsip.Duration?, ringback: any }?
---@param fn fun(done: true|moonsip.BridgeRecord|nil, err: moonsip.Error?)?
---@return true|moonsip.BridgeRecord|nil
---@return moonsip.Error? err
function Call:transfer(to, options, fn) end
