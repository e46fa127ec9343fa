/* SPDX-License-Identifier: MIT
 *
 * What the main thread tells the world. Pointers are to what the world has, or takes
 * over with the command.
 */
#ifndef MOONSIP_MEDIA_COMMAND_H
#define MOONSIP_MEDIA_COMMAND_H

#include "media/party.h"

typedef struct media_session media_session;
typedef struct media_conference media_conference;
typedef struct media_settings media_settings;
typedef struct media_member media_member;

typedef enum media_command_kind {
  MEDIA_COMMAND_OPEN,       /* party */
  MEDIA_COMMAND_CLOSE,      /* party: the last for it */
  MEDIA_COMMAND_APPLY,      /* party, settings */
  MEDIA_COMMAND_VERB,       /* party, verb */
  MEDIA_COMMAND_STOP,       /* party, number; 0: all that speak */
  MEDIA_COMMAND_PAUSE,      /* party, number, flag */
  MEDIA_COMMAND_CLEAR,      /* party, number (a stream), count: what was written before it */
  MEDIA_COMMAND_DIGIT,      /* party, number (a character), count (ms) */
  MEDIA_COMMAND_FLUSH,      /* party */
  MEDIA_COMMAND_MUTE,       /* party, number: bits of media_mute */
  MEDIA_COMMAND_BACKGROUND, /* party, verb or NULL */
  MEDIA_COMMAND_BRIDGE,     /* party, peer, number: bits of media_bridge_flag */
  MEDIA_COMMAND_LEAVE,      /* party: its bridge or conference */
  MEDIA_COMMAND_JOIN,       /* party, member */
  MEDIA_COMMAND_MEMBER,     /* party, member: in the place of the one it is */
} media_command_kind;

enum media_mute { MEDIA_MUTE_SEND = 1, MEDIA_MUTE_RECEIVE = 2 };
enum media_bridge_flag { MEDIA_BRIDGE_DIGITS = 1, MEDIA_BRIDGE_TRANSCODE = 2 };

typedef struct media_command {
  media_command_kind kind;
  uint32_t number;
  media_party *party;
  uint64_t count;
  union {
    media_settings *settings;
    media_verb *verb;
    media_party *peer;
    media_member *member;
    bool flag;
  };
} media_command;

#endif
