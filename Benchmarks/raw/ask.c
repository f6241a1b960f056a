// Sends requests to a queue and waits for the answers in its own, each side confirmed. What a caller does.
// usage: ask PORT QUEUE REPLY_QUEUE REPLY_KIND COUNT IN_FLIGHT SIZE [answered|both [WORK]]
// A call is over when its request is confirmed and its answer is there; with "answered", when the answer is there.
// WORK: so many microseconds of CPU time more for each answer.
// With IN_FLIGHT = COUNT it says "sent" when all is sent and confirmed, before it reads an answer: a backlog.
#include "raw.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    if (argc < 8) { fprintf(stderr, "usage: %s PORT QUEUE REPLY_QUEUE KIND COUNT IN_FLIGHT SIZE [answered|both [WORK]]\n", argv[0]); return 2; }
    uint64_t count = strtoull(argv[5], 0, 10), window = strtoull(argv[6], 0, 10), sent = 0, confirms = 0, done = 0;
    uint64_t confirming = 0;  // at most 1,024 unconfirmed, as in the measurement of sending
    size_t size = strtoull(argv[7], 0, 10);
    unsigned char over = argc > 8 && !strcmp(argv[8], "answered") ? 2 : 3;
    double microseconds = argc > 9 ? atof(argv[9]) : 0;
    int isBacklog = window >= count && count > 1;
    double *began = calloc(count + 1, sizeof(double));
    unsigned char *halves = calloc(count + 1, 1);  // 1: confirmed, 2: answered
    samples_t times = {0};
    double user0, system0, user, system, first = 0, start;
    connect_to(atoi(argv[1]));
    declare(argv[3], argv[4]);
    amqp_queue_bind(conn, 1, amqp_cstring_bytes(argv[3]), amqp_cstring_bytes("raw"), amqp_cstring_bytes(argv[3]), amqp_empty_table);
    check("queue.bind");
    begin_confirms();
    consume(argv[3], 2000);
    cpu(&user0, &system0);
    start = now();
    uint64_t unacknowledged = 0, last = 0;
    while (done < count) {
        while (sent < count && sent - done < window && confirming < 1024) {
            sent++;
            confirming++;
            began[sent] = now();
            publish("raw", argv[2], argv[3], sent, size);
        }
        event_t event;
        if (!next(&event, 0)) {
            if (unacknowledged) { acknowledge(last, 1); unacknowledged = 0; }
            next(&event, 1);
        }
        if (event.method == AMQP_BASIC_ACK_METHOD) {
            uint64_t from = event.multiple ? confirms + 1 : event.tag;
            for (uint64_t n = from; n <= event.tag; n++) {
                if (halves[n] & 1) continue;
                halves[n] |= 1;
                confirming--;
                if (over == 3 && halves[n] == 3) { done++; sample(&times, now() - began[n]); }
            }
            while (confirms < sent && halves[confirms + 1] & 1) confirms++;
            if (isBacklog && confirms == count) { printf("sent\n"); fflush(stdout); isBacklog = 0; }
        } else if (event.method == AMQP_BASIC_DELIVER_METHOD) {
            if (!first) first = now();
            work(microseconds);
            last = event.tag;
            if (++unacknowledged == 256) { acknowledge(last, 1); unacknowledged = 0; }
            uint64_t n = event.correlation;
            if (n > count || halves[n] & 2) die("an answer to nothing");
            halves[n] |= 2;
            if ((halves[n] & over) == over) { done++; sample(&times, now() - began[n]); }
        }
    }
    double end = now();
    if (unacknowledged) acknowledge(last, 1);
    cpu(&user, &system);
    double elapsed = window >= count && count > 1 ? end - first : end - start;
    printf("{\"count\":%llu,\"seconds\":%.6f,\"p50\":%.9f,\"p99\":%.9f,\"user\":%.6f,\"system\":%.6f}\n", (unsigned long long)count,
        elapsed, quantile(&times, 0.5), quantile(&times, 0.99), user - user0, system - system0);
    delete_queue(argv[3]);
    return 0;
}
