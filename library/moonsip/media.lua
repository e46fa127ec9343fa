---@meta _
-- SPDX-License-Identifier: MIT
--
-- Types of the audio of calls: options, verbs, and what verbs return.

---@alias moonsip.Prompt string|moonsip.PromptItem|(string|moonsip.PromptItem)[]

---@class moonsip.PromptItemOptions
---@field from moonsip.Duration?
---@field to moonsip.Duration?
---@field ms moonsip.Duration?
---@field gain number?

---@alias moonsip.PromptItem { file: string?, tone: string?, silence: moonsip.Duration?, say: string?, voice: string?, lang: string? }

---@class moonsip.SpeechOptions
---@field command string[]|(fun(text: string, options: table): string?, any)|nil
---@field voice string?
---@field lang string?
---@field cache string?
---@field timeout moonsip.Duration?
---@field processes integer?

---@class moonsip.MediaOptions
---@field ports integer[]?
---@field address string?
---@field advertise string?
---@field codecs string[]?
---@field ptime 20|40|60|nil
---@field dtmf ("rfc4733"|"inband"|"info")[]|nil
---@field inactivity moonsip.Duration|false|nil
---@field latch "once"|"relearn"|"off"|nil
---@field jitter { min: moonsip.Duration?, max: moonsip.Duration?, fixed: boolean? }?
---@field comfort_noise boolean?
---@field prompts string|string[]|nil
---@field say moonsip.SpeechOptions?
---@field io_uring boolean?
---@field realtime boolean?
---@field max_sessions integer?

---@class moonsip.PlayOptions
---@field loop integer?
---@field offset moonsip.Duration?
---@field max moonsip.Duration?
---@field stop string?
---@field gain number?
---@field mix boolean?

---@class moonsip.SayOptions: moonsip.PlayOptions
---@field voice string?
---@field lang string?

---@class moonsip.GatherOptions
---@field play moonsip.Prompt?
---@field say string?
---@field max integer?
---@field min integer?
---@field digits string?
---@field stop string?
---@field timeout moonsip.Duration?
---@field interdigit moonsip.Duration?
---@field barge boolean?
---@field flush boolean?
---@field tries integer?
---@field invalid moonsip.Prompt?
---@field nothing moonsip.Prompt?
---@field gain number?

---@class moonsip.MonitorOptions
---@field file string
---@field max moonsip.Duration?
---@field silence moonsip.Duration|false|nil
---@field threshold integer?
---@field trim boolean?
---@field channels 1|2|nil
---@field what "in"|"out"|"both"|"stereo"|nil
---@field format "pcm16"|"ulaw"|"alaw"|nil
---@field rate integer?
---@field append boolean?
---@field min_free integer?

---@class moonsip.RecordOptions: moonsip.MonitorOptions
---@field beep boolean?
---@field stop string?

---@alias moonsip.RecordResult { seconds: number, why: string, file: string, bytes: integer?, digit: string? }

---@class moonsip.DetectOptions
---@field max moonsip.Duration?
---@field amd table|boolean|nil
---@field fax boolean?
---@field beep boolean?
---@field tone boolean?
---@field silence moonsip.Duration?
---@field speech moonsip.Duration?
---@field threshold integer?

---@class moonsip.StreamOptions
---@field rate 8000|12000|16000|24000|32000|48000|nil
---@field what "in"|"out"|"both"|"stereo"|"none"|nil
---@field speak boolean?
---@field buffer moonsip.Duration?
---@field frame moonsip.Duration?
---@field to string?  "audiosocket://HOST:PORT", "ws://HOST[:PORT][/PATH]", "wss://..."
---@field framing "binary"|"json"|nil  and the following: of WebSockets
---@field protocol string?
---@field headers moonsip.Headers?
---@field metadata table?
---@field encoding "ulaw"|"l16"|nil
---@field ahead moonsip.Duration?
---@field tls { ca: string?, verify: boolean?, cert: string?, key: string? }?
---@field uuid string?
---@field digits boolean?
---@field timeout moonsip.Duration|false|nil
---@field patience moonsip.Duration|false|nil
---@field idle moonsip.Duration|false|nil

---@class moonsip.BridgeOptions
---@field media "relay"|"direct"|"pass"|nil
---@field limit moonsip.Duration?
---@field transfer "local"|"pass"|"refuse"|(fun(uri: moonsip.Uri, by: moonsip.Call): any, any)|nil
---@field session_timer moonsip.SessionTimer?
---@field codecs string[]?
---@field record string|moonsip.MonitorOptions|nil
---@field hold_music moonsip.Prompt?
---@field digits boolean?
---@field transcode "auto"|"always"|nil

---@class moonsip.MemberOptions
---@field mute boolean?
---@field deaf boolean?
---@field whisper moonsip.Call|moonsip.Call[]|nil
---@field gain_in number?
---@field gain_out number?

---@class moonsip.JoinOptions: moonsip.MemberOptions
---@field start_on_enter boolean?
---@field end_on_exit boolean?

---@alias moonsip.PinCheck fun(pin: string, call: moonsip.Call): moonsip.JoinOptions|boolean|nil

---@class moonsip.ConferenceOptions
---@field pin string|table<string, moonsip.JoinOptions|true>|moonsip.PinCheck|nil
---@field ask moonsip.Prompt?
---@field wrong moonsip.Prompt?
---@field tries integer?
---@field max integer?
---@field rate integer?
---@field beep boolean?
---@field music moonsip.Prompt?
---@field record string|moonsip.MonitorOptions|nil

-- Verbs of every call ---------------------------------------------------------------------

---@class moonsip.CallVerbs
local CallVerbs = {}
---@param what moonsip.Prompt|moonsip.PlayOptions
---@param fn fun(done: true?, err: any)?
---@return true?
---@return string|moonsip.Error|nil digit_or_err
function CallVerbs:play(what, fn) end
---@param text any
---@param options moonsip.SayOptions?
---@param fn fun(done: true?, err: any)?
---@return true?
---@return string|moonsip.Error|nil digit_or_err
function CallVerbs:say(text, options, fn) end
function CallVerbs:stop() end
---@param options moonsip.GatherOptions?
---@param fn fun(digits: string?, err: moonsip.Error?)?
---@return string? digits
---@return moonsip.Error? err
function CallVerbs:gather(options, fn) end
---@param options moonsip.GatherOptions|table<string|integer, any>
---@param fn function?
---@return any
---@return moonsip.Error? err
function CallVerbs:menu(options, fn) end
---@param digits string
---@param options { duration: moonsip.Duration?, gap: moonsip.Duration?, volume: integer?, how: "rfc4733"|"inband"|"info"|nil }?
---@param fn fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function CallVerbs:dtmf(digits, options, fn) end
---@param options moonsip.RecordOptions
---@param fn fun(info: moonsip.RecordResult?, err: moonsip.Error?)?
---@return moonsip.RecordResult?
---@return moonsip.Error? err
function CallVerbs:record(options, fn) end
---@param options string|moonsip.MonitorOptions
---@return moonsip.Recording?
---@return moonsip.Error? err
function CallVerbs:start_record(options) end
---@param options string|moonsip.MonitorOptions
---@return moonsip.Recording?
---@return moonsip.Error? err
function CallVerbs:monitor(options) end
---@param options moonsip.DetectOptions?
---@param fn fun(what: string?, err: moonsip.Error?)?
---@return "human"|"machine"|"fax"|"silence"|"notsure"|"beep"|"speech"|"dial"|"ringback"|"busy"|"congestion"|nil what
---@return moonsip.Error? err
function CallVerbs:detect(options, fn) end
---@param options { max: moonsip.Duration? }?
---@param fn fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function CallVerbs:wait_beep(options, fn) end
---@param options moonsip.StreamOptions?
---@return fun(): string?
function CallVerbs:audio(options) end
---@param options moonsip.StreamOptions?
---@param fn fun(stream: moonsip.AudioStream?, err: moonsip.Error?)?  with `to`
---@return moonsip.AudioStream?
---@return moonsip.Error? err
function CallVerbs:stream(options, fn) end
---@param other moonsip.Call
---@param options moonsip.BridgeOptions?
---@param fn fun(record: moonsip.CallRecord?, err: moonsip.Error?)?
---@return moonsip.CallRecord?
---@return moonsip.Error? err
function CallVerbs:bridge(other, options, fn) end
---@return boolean done
function CallVerbs:unbridge() end

-- What they return ------------------------------------------------------------------------

---@class moonsip.Recording
---@field file string
---@field done boolean
local Recording = {}
---@param fn fun(info: moonsip.RecordResult?, err: moonsip.Error?)?
---@return moonsip.RecordResult?
---@return moonsip.Error? err
function Recording:wait(fn) end
function Recording:stop() end
function Recording:pause() end
function Recording:resume() end

---@class moonsip.AudioStream
---@field rate integer
---@field done boolean
---@field uuid string?
local AudioStream = {}
---@param fn fun(samples: string?, err: moonsip.Error?)?
---@return string? samples
---@return moonsip.Error? err
function AudioStream:read(fn) end
---@param samples string
---@param fn fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function AudioStream:write(samples, fn) end
---@param fn fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function AudioStream:mark(fn) end
function AudioStream:clear() end
---@param fn fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function AudioStream:wait(fn) end
---@return fun(): string?
function AudioStream:frames() end
function AudioStream:close() end

---@class moonsip.Conference: moonsip.Observable
---@field members moonsip.Call[]
---@field started boolean
---@field closed boolean
local Conference = {}
---@param call moonsip.Call
---@param options moonsip.JoinOptions?
---@param fn fun(record: { seconds: number, why: string }?, err: moonsip.Error?)?
---@return { seconds: number, why: string }?
---@return moonsip.Error? err
function Conference:join(call, options, fn) end
---@param call moonsip.Call
---@param options moonsip.MemberOptions
---@return true?
---@return moonsip.Error? err
function Conference:set(call, options) end
---@param call moonsip.Call
---@param why string?
---@return boolean done
function Conference:kick(call, why) end
---@param what moonsip.Prompt
---@param fn fun(done: true?, err: moonsip.Error?)?
---@return true?
---@return moonsip.Error? err
function Conference:play(what, fn) end
---@param options string|moonsip.MonitorOptions
---@return moonsip.Recording?
---@return moonsip.Error? err
function Conference:record(options) end
function Conference:close() end
