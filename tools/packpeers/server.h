/* server.h - the stand-ins behind loopback HTTP: one thread, one loop, real time.
 *
 * Each peer has a port of its own on 127.0.0.1. Delays hold only their own connection. A dropped
 * exchange closes its connection; a reset sends RST. Nothing in the models refers to this file, so
 * that programs without sockets can link them. */
#ifndef PACKPEERS_SERVER_H
#define PACKPEERS_SERVER_H

#include "tools/packpeers/peer.h"

struct peer_server;

struct peer_ports {
    uint16_t of[PEER_COUNT]; /* 0: any free one */
};

/* Borrows the peers until closed, and tells them their Clarus address. NULL: a port is taken or
 * the library refused; words are on standard error. */
struct peer_server *peer_server_open(struct peers *p, const struct peer_ports *ports);
uint16_t peer_server_port(const struct peer_server *s, enum peer which);
/* Serves what is ready; waits at most timeout_ms for something to become so. */
void peer_server_step(struct peer_server *s, int timeout_ms);
void peer_server_close(struct peer_server *s); /* NULL is fine */

#endif
