/*
 * receiver_listener -- where the stand-in devices listen, and how others learn of it.
 */
#ifndef RECEIVER_LISTENER_H
#define RECEIVER_LISTENER_H

/* Listens on 127.0.0.1.  *port: 0 for a free one, which is then told.  Ends the program
 * when it cannot. */
int receiver_listen(int *port);

/* Writes the port's number.  Whoever waits for the file never sees it half written. */
void receiver_write_port_file(const char *name, int port);

#endif
