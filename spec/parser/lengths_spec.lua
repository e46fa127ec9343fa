-- SPDX-License-Identifier: MIT

local face <const> = require "sip_face"
local messages <const> = require "spec.support.messages"

local options <const> = messages.options

-- Where a text of any length may stand: builder, and what the parser gives back.
local fields <const> = {
  { "method", function(x) return messages.request { method = x } end, "method" },
  { "branch", function(x) return options { branch = x } end, "branch" },
  { "Call-ID", function(x) return options { call_id = x } end, "call_id" },
  { "From tag", function(x) return options { from_tag = x } end, "from_tag" },
  { "To tag", function(x) return options { to_tag = x } end, "to_tag" },
  { "user", function(x) return options { uri = ("sip:%s@a"):format(x) } end },
  { "password", function(x) return options { uri = ("sip:a:%s@b"):format(x) } end },
  { "URI parameter", function(x) return options { uri = ("sip:a@b;%s=%s"):format(x, x) } end },
  { "host", function(x) return options { uri = "sip:a@" .. x } end },
  { "sent-by", function(x) return options { via = ("SIP/2.0/UDP %s;b=c"):format(x) } end,
    "sent_by" },
  { "transport", function(x) return options { via = ("SIP/2.0/%s a;b=c"):format(x) } end },
  { "display name", function(x) return options { from = ('"%s" <sip:a@b>'):format(x) } end },
  { "header parameter", function(x) return options { from = ("<sip:a>;%s=%s"):format(x, x) } end },
  { "header name", function(x) return options { lines = { "X" .. x .. ": y" } } end },
  { "header value", function(x) return options { lines = { "X-Y: " .. x } } end },
  { "blanks around a value", function(x)
    local blanks <const> = (" "):rep(#x)
    return options { lines = { "X-Y:" .. blanks .. "v" .. blanks } }
  end },
  { "blanks in a fold", function(x)
    return options { lines = { "Subject: a\r\n " .. ("\t"):rep(#x) .. "b" } }
  end },
  { "reason phrase", function(x)
    return "SIP/2.0 200 " .. x .. "\r\n" .. options {}:match "\r\n(.*)"
  end },
  { "body", function(x) return messages.message { body = x } end },
}

describe("every length from 0 to 4096 (bug classes 1, 5) of", function()
  for _, field in ipairs(fields) do
    local name <const>, build <const>, key <const> = field[1], field[2], field[3]
    it(name, function()
      local full <const> = ("x"):rep(4096)
      for len = 1, 4096 do
        local text <const> = full:sub(1, len)
        local m <const> = face.parse(build(text), { header_size = 10000 })
        assert.is_nil(m.error, len)
        if key then assert.same(text, m[key]) end
      end
      face.parse(build "") -- no text at all is an error or none, and no crash
    end)
  end

  it("64 KB of CSeq method, branch, Call-ID and tag are too long a field (bug class 1)", function()
    local long <const> = ("x"):rep(65000)
    for _, text in ipairs { messages.request { method = "A", cseq_method = long },
      messages.options { branch = long },
                            messages.options { call_id = long },
                              messages.options { from_tag = long } } do
      local m <const> = face.parse(text)
      assert.same("TOO_LARGE", m.error)
      assert.same("Header field too long", m.reason)
    end
  end)
end)
