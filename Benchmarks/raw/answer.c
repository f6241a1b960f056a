// Answers each message of a queue: publishes, waits for the confirm, acknowledges. What an agent does.
// usage: answer PORT QUEUE PREFETCH SIZE [WORK]    ends when standard input closes; then prints its CPU time as JSON
// WORK: so many microseconds of CPU time more for each message.
#include "raw.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROOM (1 << 20)

int main(int argc, char **argv) {
    if (argc < 5) { fprintf(stderr, "usage: %s PORT QUEUE PREFETCH SIZE [WORK]\n", argv[0]); return 2; }
    static uint64_t delivered[ROOM];  // by the number of the answer, the delivery that it settles
    static char confirmed[ROOM];
    uint64_t published = 0, settled = 0, answered = 0;
    size_t size = strtoull(argv[4], 0, 10);
    double microseconds = argc > 5 ? atof(argv[5]) : 0;
    connect_to(atoi(argv[1]));
    begin_confirms();
    consume(argv[2], atoi(argv[3]));
    printf("ready\n");
    fflush(stdout);
    int fd = amqp_get_sockfd(conn);
    double user0, system0, user, system;
    cpu(&user0, &system0);
    for (;;) {
        event_t event;
        if (!amqp_frames_enqueued(conn) && !amqp_data_in_buffer(conn)) {
            struct pollfd wait[2] = {{fd, POLLIN, 0}, {0, POLLIN, 0}};
            if (poll(wait, 2, -1) < 0) die("poll");
            if (wait[1].revents && !wait[0].revents) break;
        }
        while (next(&event, 0)) {
            if (event.method == AMQP_BASIC_DELIVER_METHOD) {
                work(microseconds);
                publish("raw", event.reply_to, NULL, event.correlation, size);
                published++;
                delivered[published % ROOM] = event.tag;
                confirmed[published % ROOM] = 0;
            } else if (event.method == AMQP_BASIC_ACK_METHOD) {
                if (event.multiple)
                    for (uint64_t n = settled + 1; n <= event.tag; n++) confirmed[n % ROOM] = 1;
                else
                    confirmed[event.tag % ROOM] = 1;
                uint64_t before = settled;
                while (settled < published && confirmed[(settled + 1) % ROOM]) settled++;
                if (settled > before) {
                    acknowledge(delivered[settled % ROOM], 1);
                    answered += settled - before;
                }
            }
        }
    }
    cpu(&user, &system);
    printf("{\"count\":%llu,\"user\":%.6f,\"system\":%.6f}\n", (unsigned long long)answered, user - user0, system - system0);
    return 0;
}
