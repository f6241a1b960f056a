// Reads a stream from its beginning until it has COUNT records.
// usage: replay PORT STREAM COUNT
#include "raw.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc != 4) { fprintf(stderr, "usage: %s PORT STREAM COUNT\n", argv[0]); return 2; }
    uint64_t count = strtoull(argv[3], 0, 10), got = 0;
    connect_to(atoi(argv[1]));
    double start = now();
    amqp_basic_qos(conn, 1, 0, 1000, 0);
    check("basic.qos");
    amqp_table_entry_t entry = {amqp_cstring_bytes("x-stream-offset"), {0}};
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = amqp_cstring_bytes("first");
    amqp_table_t arguments = {1, &entry};
    amqp_basic_consume(conn, 1, amqp_cstring_bytes(argv[2]), amqp_empty_bytes, 0, 0, 0, arguments);
    check("basic.consume");
    event_t event;
    while (got < count && next(&event, 1)) {
        if (event.method != AMQP_BASIC_DELIVER_METHOD) continue;
        if (++got % 250 == 0) acknowledge(event.tag, 1);
    }
    printf("{\"count\":%llu,\"seconds\":%.6f}\n", (unsigned long long)got, now() - start);
    return 0;
}
