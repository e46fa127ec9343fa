/* SPDX-License-Identifier: MIT
 *
 * The key proves nothing about anybody; it only tells a WebSocket from an answer that
 * some cache kept (RFC 6455 1.3).
 */
#include "web/upgrade.h"

#include <openssl/evp.h>
#include <string.h>

enum { SHA1_SIZE = 20 };

static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
static const sip_str protocol = {"sip", 3};

/* Sec-WebSocket-Accept for a key as it stands in the request; false without memory. */
static bool prove(sip_str key, char out[WEB_PROOF_TEXT_SIZE]) {
  char text[64];
  unsigned char digest[SHA1_SIZE];
  size_t len = key.len + sizeof magic - 1;
  if (key.len == 0 || len > sizeof text) return false;
  memcpy(text, key.ptr, key.len);
  memcpy(text + key.len, magic, sizeof magic - 1);
  if (EVP_Digest(text, len, digest, NULL, EVP_sha1(), NULL) != 1) return false;
  EVP_EncodeBlock((unsigned char *)out, digest, SHA1_SIZE);
  return true;
}

/* 4.2.1, 5: 16 bytes in base64. */
static bool is_key(sip_str key) {
  unsigned char bytes[WEB_KEY_SIZE + 2];
  if (key.len != WEB_KEY_TEXT_SIZE - 1) return false;
  bool is_padded = memcmp(key.ptr + key.len - 2, "==", 2) == 0 && key.ptr[key.len - 3] != '=';
  return is_padded && EVP_DecodeBlock(bytes, (const unsigned char *)key.ptr, (int)key.len) > 0;
}

/* --- Serving -------------------------------------------------------------------- */

static const char *phrase_of(int status) {
  switch (status) {
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 426:
    return "Upgrade Required";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return "Bad Request";
  }
}

void web_upgrade_refuse(int status, sip_buffer *out) {
  const sip_str text = SIP_STR("This is a SIP server: it speaks WebSocket, protocol \"sip\".\n");
  const char *phrase = phrase_of(status);
  SIP_BUFFER_ADD(out, "HTTP/1.1 ");
  sip_buffer_add_number(out, (uint64_t)status);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, sip_str_make(phrase, strlen(phrase)));
  if (status == 405) SIP_BUFFER_ADD(out, "\r\nAllow: GET");
  if (status == 426) SIP_BUFFER_ADD(out, "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13");
  SIP_BUFFER_ADD(out, "\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ");
  sip_buffer_add_number(out, text.len);
  SIP_BUFFER_ADD(out, "\r\n\r\n");
  sip_buffer_add(out, text);
}

/* The path of a target, without its query. */
static sip_str path_of(sip_str target) {
  return sip_str_make(target.ptr, sip_str_index(target, '?'));
}

static bool is_among(sip_str text, const sip_str *list, size_t count, bool with_case) {
  for (size_t i = 0; i < count; i++) {
    if (with_case ? sip_str_equal(text, list[i]) : sip_str_equal_nocase(text, list[i])) return true;
  }
  return count == 0;
}

/* Whether this request may become a WebSocket: 101, or a status. */
static int judge(const web_head *head, const web_door *door, sip_str *key, const char **why) {
  sip_str host, version, origin;
  bool is_single = web_head_get(head, SIP_STR("Host"), &host) &&
                   web_head_get(head, SIP_STR("Sec-WebSocket-Key"), key) &&
                   web_head_get(head, SIP_STR("Sec-WebSocket-Version"), &version) &&
                   web_head_get(head, SIP_STR("Origin"), &origin);
  *why = "a request that is none of HTTP/1.1";
  if (!is_single || host.len == 0 || head->version == 0) return 400;
  *why = "a method other than GET";
  if (!sip_str_equal(head->method, SIP_STR("GET"))) return 405;
  *why = "a path that is not served";
  if (!is_among(path_of(head->target), door->paths, door->path_count, true)) return 404;
  *why = "a request that asks for no WebSocket";
  if (!web_head_lists(head, SIP_STR("Upgrade"), SIP_STR("websocket"))) return 426;
  *why = "a version of WebSocket other than 13";
  if (!sip_str_equal(version, SIP_STR("13"))) return 426;
  *why = "a WebSocket without its key";
  if (!web_head_lists(head, SIP_STR("Connection"), SIP_STR("upgrade")) || !is_key(*key)) return 400;
  *why = "a WebSocket of another protocol than \"sip\"";
  if (!web_head_lists(head, SIP_STR("Sec-WebSocket-Protocol"), protocol)) return 400;
  *why = "a page of a foreign origin";
  if (!is_among(origin, door->origins, door->origin_count, false)) return 403;
  return WEB_SWITCHING;
}

bool web_upgrade_is_wanted(sip_str text) {
  web_head head;
  return web_head_read(text, true, &head) == 0 &&
         web_head_lists(&head, SIP_STR("Upgrade"), SIP_STR("websocket"));
}

static void grant(const char *proof, sip_str spoken, sip_buffer *out) {
  SIP_BUFFER_ADD(out,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\n");
  if (spoken.len) {
    SIP_BUFFER_ADD(out, "Sec-WebSocket-Protocol: ");
    sip_buffer_add(out, spoken);
    SIP_BUFFER_ADD(out, "\r\n");
  }
  SIP_BUFFER_ADD(out, "Sec-WebSocket-Accept: ");
  sip_buffer_add(out, sip_str_make(proof, strlen(proof)));
  SIP_BUFFER_ADD(out, "\r\n\r\n");
}

bool web_upgrade_grant(const web_head *head, sip_str spoken, sip_buffer *out) {
  sip_str key;
  char proof[WEB_PROOF_TEXT_SIZE];
  if (!web_head_get(head, SIP_STR("Sec-WebSocket-Key"), &key) || !is_key(key) ||
      !prove(key, proof)) {
    return false;
  }
  grant(proof, spoken, out);
  return true;
}

int web_upgrade_answer(sip_str text, const web_door *door, sip_buffer *out, const char **why) {
  web_head head;
  sip_str key = {NULL, 0};
  char proof[WEB_PROOF_TEXT_SIZE];
  *why = "a malformed request";
  int status = web_head_read(text, true, &head);
  if (!status) status = judge(&head, door, &key, why);
  if (status == WEB_SWITCHING && !prove(key, proof)) status = 500;
  if (status != WEB_SWITCHING) {
    web_upgrade_refuse(status, out);
    return status;
  }
  grant(proof, protocol, out);
  return status;
}

/* --- Asking --------------------------------------------------------------------- */

void web_upgrade_ask(const web_wish *wish, const unsigned char key[WEB_KEY_SIZE], sip_buffer *out) {
  char text[WEB_KEY_TEXT_SIZE];
  EVP_EncodeBlock((unsigned char *)text, key, WEB_KEY_SIZE);
  SIP_BUFFER_ADD(out, "GET ");
  sip_buffer_add(out, wish->path);
  SIP_BUFFER_ADD(out, " HTTP/1.1\r\nHost: ");
  sip_buffer_add(out, wish->host);
  SIP_BUFFER_ADD(out, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ");
  sip_buffer_add(out, sip_str_make(text, strlen(text)));
  if (wish->protocol.len) {
    SIP_BUFFER_ADD(out, "\r\nSec-WebSocket-Protocol: ");
    sip_buffer_add(out, wish->protocol);
  }
  SIP_BUFFER_ADD(out, "\r\nSec-WebSocket-Version: 13\r\n");
  sip_buffer_add(out, wish->fields);
  SIP_BUFFER_ADD(out, "\r\n");
}

/* RFC 6455 4.1: a server names one of those that were asked for, or none. */
static bool speaks(const web_head *head, const web_wish *wish) {
  sip_str chosen;
  if (!web_head_get(head, SIP_STR("Sec-WebSocket-Protocol"), &chosen)) return false;
  if (chosen.len == 0) return wish->is_optional || wish->protocol.len == 0;
  return sip_str_equal(chosen, wish->protocol);
}

bool web_upgrade_is_granted(sip_str text, const web_wish *wish,
                            const unsigned char key[WEB_KEY_SIZE], const char **why) {
  web_head head;
  sip_str accept;
  char key_text[WEB_KEY_TEXT_SIZE], proof[WEB_PROOF_TEXT_SIZE];
  *why = "the answer to the handshake is malformed";
  if (web_head_read(text, false, &head) != 0) return false;
  *why = "the server does not let a WebSocket in";
  if (head.status != WEB_SWITCHING) return false;
  EVP_EncodeBlock((unsigned char *)key_text, key, WEB_KEY_SIZE);
  *why = "the answer to the handshake is not for it";
  if (!prove(sip_str_make(key_text, strlen(key_text)), proof) ||
      !web_head_get(&head, SIP_STR("Sec-WebSocket-Accept"), &accept) ||
      !sip_str_equal(accept, sip_str_make(proof, strlen(proof))) ||
      !web_head_lists(&head, SIP_STR("Upgrade"), SIP_STR("websocket")) ||
      !web_head_lists(&head, SIP_STR("Connection"), SIP_STR("upgrade"))) {
    return false;
  }
  *why = "the server does not speak the protocol that was asked for (RFC 6455 4.1)";
  return speaks(&head, wish);
}
