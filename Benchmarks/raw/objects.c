// Makes and removes the objects that the other programs use.
// usage: objects PORT make QUEUE KIND | objects PORT remove QUEUE
#include "raw.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    if (argc < 4) { fprintf(stderr, "usage: %s PORT make QUEUE KIND | remove QUEUE\n", argv[0]); return 2; }
    connect_to(atoi(argv[1]));
    if (!strcmp(argv[2], "remove")) { delete_queue(argv[3]); return 0; }
    amqp_exchange_declare(conn, 1, amqp_cstring_bytes("raw"), amqp_cstring_bytes("direct"), 0, 1, 0, 0, amqp_empty_table);
    check("exchange.declare");
    declare(argv[3], argv[4]);
    amqp_queue_bind(conn, 1, amqp_cstring_bytes(argv[3]), amqp_cstring_bytes("raw"), amqp_cstring_bytes(argv[3]), amqp_empty_table);
    check("queue.bind");
    return 0;
}
