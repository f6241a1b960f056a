// The declares, bindings and announcements of registering agents, by one connection.
// usage: register PORT KIND COUNT PIPELINE
// PIPELINE 1: each waits for all its replies. More: so many agents are on their way at a time.
#include "raw.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char name[64];

static const char *queue(uint64_t n) { snprintf(name, sizeof name, "raw.agent.%036llu", (unsigned long long)n); return name; }

static void method(amqp_method_number_t id, void *decoded) { if (amqp_send_method(conn, 1, id, decoded)) die("send"); }

static void begin(uint64_t n, const char *kind) {
    amqp_table_entry_t entries[2];
    entries[0].key = amqp_cstring_bytes("x-queue-type");
    entries[0].value.kind = AMQP_FIELD_KIND_UTF8;
    entries[0].value.value.bytes = amqp_cstring_bytes(kind);
    entries[1].key = amqp_cstring_bytes("x-single-active-consumer");
    entries[1].value.kind = AMQP_FIELD_KIND_BOOLEAN;
    entries[1].value.value.boolean = 1;
    amqp_bytes_t bytes = amqp_cstring_bytes(queue(n));
    amqp_queue_declare_t declaration = {0, bytes, 0, 1, 0, 0, 0, {2, entries}};
    method(AMQP_QUEUE_DECLARE_METHOD, &declaration);
    // The mailbox, and broadcasts to the root type with subtypes, to the type with subtypes, to the type alone.
    const char *exchanges[] = {"raw", "raw.topic", "raw.topic", "raw.topic"};
    const char *keys[] = {name, "type.Agent", "type.Bench", "exact.Bench"};
    for (int i = 0; i < 4; i++) {
        amqp_queue_bind_t bind = {0, bytes, amqp_cstring_bytes(exchanges[i]), amqp_cstring_bytes(keys[i]), 0, amqp_empty_table};
        method(AMQP_QUEUE_BIND_METHOD, &bind);
    }
}

int main(int argc, char **argv) {
    if (argc != 5) { fprintf(stderr, "usage: %s PORT KIND COUNT PIPELINE\n", argv[0]); return 2; }
    uint64_t count = strtoull(argv[3], 0, 10), pipeline = strtoull(argv[4], 0, 10), begun = 0, made = 0, done = 0;
    connect_to(atoi(argv[1]));
    amqp_exchange_declare(conn, 1, amqp_cstring_bytes("raw"), amqp_cstring_bytes("direct"), 0, 1, 0, 0, amqp_empty_table);
    amqp_exchange_declare(conn, 1, amqp_cstring_bytes("raw.topic"), amqp_cstring_bytes("topic"), 0, 1, 0, 0, amqp_empty_table);
    check("exchange.declare");
    declare("raw.directory", "stream");
    amqp_queue_bind(conn, 1, amqp_cstring_bytes("raw.directory"), amqp_cstring_bytes("raw.topic"), amqp_cstring_bytes("registered.#"), amqp_empty_table);
    check("queue.bind");
    begin_confirms();
    double start = now();
    int replies = 0;
    while (done < count) {
        while (begun < count && begun - done < pipeline) begin(++begun, argv[2]);
        event_t event;
        next(&event, 1);
        if (event.method == AMQP_QUEUE_DECLARE_OK_METHOD || event.method == AMQP_QUEUE_BIND_OK_METHOD) {
            if (++replies % 5) continue;
            made++;
            publish("raw.topic", "registered.Agent.Bench", NULL, made, 0);
        } else if (event.method == AMQP_BASIC_ACK_METHOD) {
            if (event.multiple) done = event.tag; else done++;
        }
    }
    double elapsed = now() - start;
    printf("{\"count\":%llu,\"seconds\":%.6f}\n", (unsigned long long)count, elapsed);
    fflush(stdout);
    for (uint64_t n = 1; n <= count; n++) delete_queue(queue(n));
    delete_queue("raw.directory");
    return 0;
}
