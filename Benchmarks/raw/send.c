// Confirmed sends to a queue that nobody reads.
// usage: send PORT QUEUE COUNT IN_FLIGHT SIZE
#include "raw.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc != 6) { fprintf(stderr, "usage: %s PORT QUEUE COUNT IN_FLIGHT SIZE\n", argv[0]); return 2; }
    uint64_t count = strtoull(argv[3], 0, 10), window = strtoull(argv[4], 0, 10), sent = 0, confirmed = 0;
    size_t size = strtoull(argv[5], 0, 10);
    double user0, system0, user, system;
    connect_to(atoi(argv[1]));
    begin_confirms();
    unsigned char *isConfirmed = calloc(count + 1, 1);
    cpu(&user0, &system0);
    double start = now();
    while (confirmed < count) {
        while (sent < count && sent - confirmed < window) publish("raw", argv[2], "raw.reply", ++sent, size);
        event_t event;
        for (int wait = 1; next(&event, wait); wait = 0) {
            if (event.method != AMQP_BASIC_ACK_METHOD) continue;
            for (uint64_t n = event.multiple ? confirmed + 1 : event.tag; n <= event.tag; n++) isConfirmed[n] = 1;
            while (confirmed < sent && isConfirmed[confirmed + 1]) confirmed++;
        }
    }
    double elapsed = now() - start;
    cpu(&user, &system);
    printf("{\"count\":%llu,\"seconds\":%.6f,\"user\":%.6f,\"system\":%.6f}\n", (unsigned long long)count, elapsed, user - user0,
        system - system0);
    return 0;
}
