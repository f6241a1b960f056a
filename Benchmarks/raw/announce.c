// Announces agents that have no queue, as docs/protocol.md says: COUNT records, MATCHING of them of the type Match. Then DEAD
// others that were registered and terminated an hour ago, three records each.
// usage: announce PORT EXCHANGE COUNT MATCHING [DEAD]
#include "raw.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv) {
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: %s PORT EXCHANGE COUNT MATCHING [DEAD]\n", argv[0]);
        return 2;
    }
    uint64_t living = strtoull(argv[3], 0, 10), matching = strtoull(argv[4], 0, 10), confirmed = 0, sent = 0;
    uint64_t count = living + (argc == 6 ? 3 * strtoull(argv[5], 0, 10) : 0);
    uint64_t then = (uint64_t)time(0) - 3600;
    const char *events[] = {"registered", "terminated", "finished"};
    connect_to(atoi(argv[1]));
    begin_confirms();
    double start = now();
    while (confirmed < count) {
        while (sent < count && sent - confirmed < 1024) {
            int isMatch = sent < matching, isDead = sent >= living;
            uint64_t number = isDead ? living + (sent - living) / 3 : sent;
            const char *event = events[isDead ? (sent - living) % 3 : 0];
            int isFinished = event == events[2];
            char id[64], lineage[32], key[64];
            snprintf(id, sizeof id, "agent:00000000-0000-4000-8000-%012llx", (unsigned long long)number);
            snprintf(lineage, sizeof lineage, isMatch ? "Match" : "Other%llu", (unsigned long long)number % 100);
            snprintf(key, sizeof key, isFinished ? "%s" : "%s.%s", event, lineage);
            amqp_table_entry_t entries[2] = {{amqp_cstring_bytes("warren-entity"), {0}}, {amqp_cstring_bytes("warren-lineage"), {0}}};
            entries[0].value.kind = entries[1].value.kind = AMQP_FIELD_KIND_UTF8;
            entries[0].value.value.bytes = amqp_cstring_bytes(id);
            entries[1].value.value.bytes = amqp_cstring_bytes(lineage);
            amqp_basic_properties_t properties = {0};
            properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_APP_ID_FLAG | AMQP_BASIC_HEADERS_FLAG |
                                AMQP_BASIC_TIMESTAMP_FLAG;
            properties.timestamp = then;
            properties.delivery_mode = 2;
            properties.type = amqp_cstring_bytes(event);
            properties.app_id = amqp_cstring_bytes("warren");
            properties.headers.num_entries = isFinished ? 1 : 2;
            properties.headers.entries = entries;
            if (amqp_basic_publish(conn, 1, amqp_cstring_bytes(argv[2]), amqp_cstring_bytes(key), 1, 0, &properties, amqp_empty_bytes))
                die("basic.publish");
            sent++;
        }
        event_t reply;
        next(&reply, 1);
        if (reply.method == AMQP_BASIC_ACK_METHOD) { if (reply.multiple) confirmed = reply.tag; else confirmed++; }
    }
    printf("{\"count\":%llu,\"seconds\":%.6f}\n", (unsigned long long)count, now() - start);
    return 0;
}
