/* SPDX-License-Identifier: MIT
 *
 * Reason phrases: RFC 3261 21 and the codes registered since.
 */
#include "sip/status.h"

/* code, phrase; ascending */
static const struct row {
  int status;
  sip_str reason;
} rows[] = {
#define R(status, phrase)       \
  {                             \
    status, {                   \
      phrase, sizeof phrase - 1 \
    }                           \
  }
    R(100, "Trying"),
    R(180, "Ringing"),
    R(181, "Call Is Being Forwarded"),
    R(182, "Queued"),
    R(183, "Session Progress"),
    R(199, "Early Dialog Terminated"), /* RFC 6228 */
    R(200, "OK"),
    R(202, "Accepted"),        /* RFC 6665 */
    R(204, "No Notification"), /* RFC 5839 */
    R(300, "Multiple Choices"),
    R(301, "Moved Permanently"),
    R(302, "Moved Temporarily"),
    R(305, "Use Proxy"),
    R(380, "Alternative Service"),
    R(400, "Bad Request"),
    R(401, "Unauthorized"),
    R(402, "Payment Required"),
    R(403, "Forbidden"),
    R(404, "Not Found"),
    R(405, "Method Not Allowed"),
    R(406, "Not Acceptable"),
    R(407, "Proxy Authentication Required"),
    R(408, "Request Timeout"),
    R(410, "Gone"),
    R(412, "Conditional Request Failed"), /* RFC 3903 */
    R(413, "Request Entity Too Large"),
    R(414, "Request-URI Too Long"),
    R(415, "Unsupported Media Type"),
    R(416, "Unsupported URI Scheme"),
    R(417, "Unknown Resource-Priority"), /* RFC 4412 */
    R(420, "Bad Extension"),
    R(421, "Extension Required"),
    R(422, "Session Interval Too Small"), /* RFC 4028 */
    R(423, "Interval Too Brief"),
    R(424, "Bad Location Information"),         /* RFC 6442 */
    R(425, "Bad Alert Message"),                /* RFC 8876 */
    R(428, "Use Identity Header"),              /* RFC 8224 */
    R(429, "Provide Referrer Identity"),        /* RFC 3892 */
    R(430, "Flow Failed"),                      /* RFC 5626 */
    R(433, "Anonymity Disallowed"),             /* RFC 5079 */
    R(436, "Bad Identity Info"),                /* RFC 8224 */
    R(437, "Unsupported Credential"),           /* RFC 8224 */
    R(438, "Invalid Identity Header"),          /* RFC 8224 */
    R(439, "First Hop Lacks Outbound Support"), /* RFC 5626 */
    R(440, "Max-Breadth Exceeded"),             /* RFC 5393 */
    R(469, "Bad Info Package"),                 /* RFC 6086 */
    R(470, "Consent Needed"),                   /* RFC 5360 */
    R(480, "Temporarily Unavailable"),
    R(481, "Call/Transaction Does Not Exist"),
    R(482, "Loop Detected"),
    R(483, "Too Many Hops"),
    R(484, "Address Incomplete"),
    R(485, "Ambiguous"),
    R(486, "Busy Here"),
    R(487, "Request Terminated"),
    R(488, "Not Acceptable Here"),
    R(489, "Bad Event"), /* RFC 6665 */
    R(491, "Request Pending"),
    R(493, "Undecipherable"),
    R(494, "Security Agreement Required"), /* RFC 3329 */
    R(500, "Server Internal Error"),
    R(501, "Not Implemented"),
    R(502, "Bad Gateway"),
    R(503, "Service Unavailable"),
    R(504, "Server Time-out"),
    R(505, "Version Not Supported"),
    R(513, "Message Too Large"),
    R(555, "Push Notification Service Not Supported"), /* RFC 8599 */
    R(580, "Precondition Failure"),                    /* RFC 3312 */
    R(600, "Busy Everywhere"),
    R(603, "Decline"),
    R(604, "Does Not Exist Anywhere"),
    R(606, "Not Acceptable"),
    R(607, "Unwanted"), /* RFC 8197 */
    R(608, "Rejected"), /* RFC 8688 */
#undef R
};

static const struct row *find(int status) {
  size_t low = 0, high = sizeof rows / sizeof *rows;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (rows[middle].status == status) return &rows[middle];
    if (rows[middle].status < status) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

sip_str sip_status_reason(int status) {
  const struct row *row = find(status);
  if (!row) row = find(status / 100 * 100);
  return row ? row->reason : (sip_str){"", 0};
}
