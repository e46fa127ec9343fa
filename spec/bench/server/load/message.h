/* SPDX-License-Identifier: MIT
 *
 * The texts of a caller: the requests it writes, and what it reads in responses.
 */
#ifndef LOAD_MESSAGE_H
#define LOAD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAG_MAX = 80, TARGET_MAX = 160, ROUTE_MAX = 320 };

enum { NONCE_MAX = 128 };

/* Who calls whom. */
typedef struct message_peers {
  const char *user;      /* of the Request-URI */
  uint16_t server_port;  /* all are on 127.0.0.1 */
  uint16_t port;         /* ours */
  uint32_t run;          /* makes Call-IDs and branches differ from those of other runs */
  char nonce[NONCE_MAX]; /* that the server gave, or empty */
  uint32_t nonce_count;
} message_peers;

/* One OPTIONS, one REGISTER, or one call. */
typedef struct message_dialog {
  uint32_t index;
  uint32_t generation;     /* of this index: it is used again and again */
  uint32_t user;           /* of a REGISTER */
  char tag[TAG_MAX];       /* theirs, or empty */
  char target[TARGET_MAX]; /* the URI of their Contact, or empty */
  char route[ROUTE_MAX];   /* the Record-Route of the one proxy between us, or empty */
} message_dialog;

typedef enum message_kind {
  MESSAGE_OPTIONS,
  MESSAGE_INVITE,
  MESSAGE_ACK, /* of a 2xx */
  MESSAGE_BYE,
  MESSAGE_REGISTER,
  MESSAGE_PROVEN_REGISTER /* with credentials for peers->nonce, once there is one */
} message_kind;

/* Returns its length. A message of any kind fits into SOCKET_DATAGRAM_MAX. */
size_t message_write(char *out, message_kind kind, message_peers *peers,
                     const message_dialog *dialog);

typedef struct message_reply {
  int status;
  uint32_t index, generation, run;
  bool is_of_bye;
  char tag[TAG_MAX];
  char target[TARGET_MAX];
  char nonce[NONCE_MAX]; /* of a challenge */
  char route[ROUTE_MAX];
} message_reply;

/* Reads a response with full header names, as every server here sends. False when
 * it is none of ours. */
bool message_read(const char *text, message_reply *out);

#endif
