// Moves what is in a queue to another, confirmed, then acknowledges: the least that a termination with answers costs.
// usage: drain PORT FROM TO COUNT
#include "raw.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc != 5) { fprintf(stderr, "usage: %s PORT FROM TO COUNT\n", argv[0]); return 2; }
    uint64_t count = strtoull(argv[4], 0, 10), published = 0, confirmed = 0, settled = 0;
    unsigned char *isConfirmed = calloc(count + 4096, 1);
    connect_to(atoi(argv[1]));
    begin_confirms();
    double start = now();
    consume(argv[2], 2000);
    while (settled < count) {
        event_t event;
        next(&event, 1);
        if (event.method == AMQP_BASIC_DELIVER_METHOD && published < count) {
            publish("raw", argv[3], NULL, ++published, event.size);
        } else if (event.method == AMQP_BASIC_ACK_METHOD) {
            for (uint64_t n = event.multiple ? confirmed + 1 : event.tag; n <= event.tag; n++) isConfirmed[n] = 1;
            while (confirmed < published && isConfirmed[confirmed + 1]) confirmed++;
            if (confirmed - settled >= 500 || confirmed == count) { acknowledge(confirmed, 1); settled = confirmed; }
        }
    }
    printf("{\"count\":%llu,\"seconds\":%.6f}\n", (unsigned long long)count, now() - start);
    return 0;
}
