-- SPDX-License-Identifier: MIT
--
-- What each of the 49 messages of RFC 4475 and the 12 of RFC 5118 deserves. The
-- files in messages/ hit the same points with bytes of their own.
--
-- name     file in messages/, and the RFC's own name of the message
-- rfc, section
-- parse    "accept", or the error of core.message
-- wire     what a user agent sends back that answers INVITE, REGISTER, MESSAGE and
--          BYE with 200 where nothing is wrong: a status, or "dropped". A BYE or an
--          INVITE with a To tag meets no dialog: 481.
-- by       who says so: "parser", "core" (the user agent's defaults), "script" (a
--          registrar or an application has to look; then `otherwise` is what the
--          200-sayer above sends)
-- why      the point of the message

local function v(rfc, section, name, parse, wire, by, why, otherwise)
  return { rfc = rfc, section = section, name = name, parse = parse, wire = wire, by = by,
           why = why, otherwise = otherwise }
end

local verdicts <const> = {
  -- RFC 4475 3.1.1: valid
  v(4475, "3.1.1.1", "wsinv", "accept", 481, "core", "folds, blanks and short forms everywhere"),
  v(4475, "3.1.1.2", "intmeth", "accept", 501, "core", "every character that a token, a user or a word may have"),
  v(4475, "3.1.1.3", "esc01", "accept", 200, "script", "escapes where they are escapes", 200),
  v(4475, "3.1.1.4", "escnull", "accept", 200, "script", "an escaped NUL is a character of the user", 200),
  v(4475, "3.1.1.5", "esc02", "accept", 501, "core", "a % that escapes nothing"),
  v(4475, "3.1.1.6", "lwsdisp", "accept", 200, "core", "no space between display name and <"),
  v(4475, "3.1.1.7", "longreq", "accept", 200, "script", "long values, many of them", 200),
  v(4475, "3.1.1.8", "dblreq", "accept", 200, "script", "bytes behind Content-Length are noise", 200),
  v(4475, "3.1.1.9", "semiuri", "accept", 200, "core", "semicolons in the user part"),
  v(4475, "3.1.1.10", "transports", "accept", 200, "core", "transports that nobody knows"),
  v(4475, "3.1.1.11", "mpart01", "accept", 200, "script", "a binary body part", 200),
  v(4475, "3.1.1.12", "unreason", "accept", "dropped", "core", "a strange reason phrase; no such transaction"),
  v(4475, "3.1.1.13", "noreason", "accept", "dropped", "core", "an empty reason phrase; no such transaction"),
  -- RFC 4475 3.1.2: invalid
  v(4475, "3.1.2.1", "badinv01", "HEADER", 400, "parser", "separators with nothing between them"),
  v(4475, "3.1.2.2", "clerr", "CONTENT_LENGTH", 400, "parser", "Content-Length beyond the datagram"),
  v(4475, "3.1.2.3", "ncl", "CONTENT_LENGTH", 400, "parser", "a negative Content-Length"),
  v(4475, "3.1.2.4", "scalar02", "NUMBER", 400, "parser", "numbers out of range in a request"),
  v(4475, "3.1.2.5", "scalarlg", "NUMBER", "dropped", "parser", "numbers out of range in a response"),
  v(4475, "3.1.2.6", "quotbal", "HEADER", 400, "parser", "a quoted string that does not end"),
  v(4475, "3.1.2.7", "ltgtruri", "URI", 400, "parser", "<> around the Request-URI"),
  v(4475, "3.1.2.8", "lwsruri", "START_LINE", 400, "parser", "a space in the Request-URI"),
  v(4475, "3.1.2.9", "lwsstart", "START_LINE", 400, "parser", "several spaces in the Request-Line"),
  v(4475, "3.1.2.10", "trws", "START_LINE", 400, "parser", "spaces at the end of the Request-Line"),
  v(4475, "3.1.2.11", "escruri", "URI", 400, "parser", "headers in the Request-URI"),
  v(4475, "3.1.2.12", "baddate", "accept", 200, "script", "a Date that is not in GMT, where nobody asks for it", 200),
  v(4475, "3.1.2.13", "regbadct", "accept", 400, "script", "a Contact with ? and without brackets", 200),
  v(4475, "3.1.2.14", "badaspec", "URI", 400, "parser", "spaces inside the brackets"),
  v(4475, "3.1.2.15", "baddn", "HEADER", 400, "parser", "a display name that is no token and not quoted"),
  v(4475, "3.1.2.16", "badvers", "VERSION", 505, "parser", "another version of SIP"),
  v(4475, "3.1.2.17", "mismatch01", "MISMATCH", 400, "parser", "CSeq names another method"),
  v(4475, "3.1.2.18", "mismatch02", "MISMATCH", 501, "parser", "the same with an unknown method"),
  v(4475, "3.1.2.19", "bigcode", "START_LINE", "dropped", "parser", "a status of ten digits"),
  -- RFC 4475 3.2: transactions
  v(4475, "3.2.1", "badbranch", "accept", 200, "core", "a branch that is only the cookie: matched as RFC 2543 does"),
  -- RFC 4475 3.3: applications
  v(4475, "3.3.1", "insuf", "MISSING", 400, "parser", "no Call-ID, From and To"),
  v(4475, "3.3.2", "unkscm", "accept", 416, "core", "a Request-URI of no known scheme"),
  v(4475, "3.3.3", "novelsc", "accept", 416, "core", "a hierarchical one"),
  v(4475, "3.3.4", "unksm2", "accept", 400, "script", "no address of record in To", 200),
  v(4475, "3.3.5", "bext01", "accept", 420, "core", "extensions that nobody supports"),
  v(4475, "3.3.6", "invut", "accept", 415, "script", "a body of unknown type", 200),
  v(4475, "3.3.7", "regaut01", "accept", 200, "script", "credentials of an unknown scheme", 200),
  v(4475, "3.3.8", "multi01", "DUPLICATE", 400, "parser", "several Call-IDs, Tos, Froms, CSeqs"),
  v(4475, "3.3.9", "mcl01", "DUPLICATE", 400, "parser", "two Content-Lengths"),
  v(4475, "3.3.10", "bcast", "accept", "dropped", "core", "a response that would go to the broadcast address"),
  v(4475, "3.3.11", "zeromf", "accept", 200, "core", "Max-Forwards 0 at its destination"),
  v(4475, "3.3.12", "cparam01", "accept", 200, "script", "a parameter of the Contact, not of its URI", 200),
  v(4475, "3.3.13", "cparam02", "accept", 200, "script", "a parameter of the Contact's URI", 200),
  v(4475, "3.3.14", "regescrt", "accept", 200, "script", "a header in the Contact's URI", 200),
  v(4475, "3.3.15", "sdp01", "accept", 406, "script", "an answer cannot be in a type that is accepted", 200),
  v(4475, "3.4.1", "inv2543", "accept", 200, "script", "no branch, no From tag, no Content-Length", 200),
  -- RFC 5118 4
  v(5118, "4.1", "ipv6-good", "accept", 200, "script", "IPv6 references", 200),
  v(5118, "4.2", "ipv6-bad", "URI", 400, "parser", "an IPv6 address without brackets"),
  v(5118, "4.3", "port-ambiguous", "accept", 200, "script", "what was meant as port is part of the address", 200),
  v(5118, "4.4", "port-unambiguous", "accept", 200, "script", "a port behind the brackets", 200),
  v(5118, "4.5", "via-received-param-with-delim", "accept", 481, "core", "received in brackets"),
  v(5118, "4.5", "via-received-param-no-delim", "accept", 200, "core", "received without brackets"),
  v(5118, "4.6", "ipv6-in-sdp", "accept", 200, "script", "IPv6 in the SDP", 200),
  v(5118, "4.7", "mult-ip-in-header", "accept", 481, "core", "both families in Via"),
  v(5118, "4.8", "mult-ip-in-sdp", "accept", 200, "script", "both families in the SDP", 200),
  v(5118, "4.9", "ipv4-mapped-ipv6", "accept", 200, "script", "IPv4-mapped addresses", 200),
  v(5118, "4.10", "ipv6-bug-abnf-3-colons", "accept", 200, "core", "the grammar's third colon"),
  v(5118, "4.10", "ipv6-correct-abnf-2-colons", "accept", 200, "core", "the same address written well"),
}

return verdicts
