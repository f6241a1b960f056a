// A round trip of frames over a socket, without a broker: 4 bytes of length and 100 bytes.
// usage: echo serve            prints its port, and echoes until its input ends
//        echo ask PORT SECONDS prints a line of figures for each number of frames in flight, as peers/measure.py does
// Blocking sockets, one thread; so many frames are under way, each with its own time.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 104, WINDOW = 128 };

static void fail(const char *what) { perror(what); exit(1); }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = send(fd, bytes, size, MSG_NOSIGNAL);
        if (count <= 0) fail("send");
        bytes += count;
        size -= count;
    }
}

static struct sockaddr_in place(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void *echo(void *argument) {
    int fd = (int)(intptr_t)argument, yes = 1;
    char bytes[FRAME * WINDOW];
    size_t have = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    for (;;) {
        ssize_t count = recv(fd, bytes + have, sizeof bytes - have, 0);
        if (count <= 0) break;
        have += count;
        size_t whole = have / FRAME * FRAME;
        write_all(fd, bytes, whole);
        memmove(bytes, bytes + whole, have - whole);
        have -= whole;
    }
    close(fd);
    return NULL;
}

static void *accept_all(void *argument) {
    int listener = (int)(intptr_t)argument, fd;
    pthread_t thread;
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        if (pthread_create(&thread, NULL, echo, (void *)(intptr_t)fd) != 0) fail("pthread_create");
        pthread_detach(thread);
    }
    return NULL;
}

static void serve(void) {
    struct sockaddr_in address = place(0);
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 16) < 0) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    if (pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)listener) != 0) fail("pthread_create");
    while (getchar() != EOF) {}
}

static int ascending(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static void ask(int fd, int window, double seconds) {
    char frames[FRAME * WINDOW], bytes[FRAME * WINDOW];
    double began[WINDOW], start = now(), end = start + seconds, last = start;
    size_t capacity = 1 << 20, count = 0, have = 0;
    double *times = malloc(capacity * sizeof *times);
    int first = 0, left = window;
    memset(frames, 'x', sizeof frames);
    for (int frame = 0; frame < window; frame++) {
        memcpy(frames + frame * FRAME, "\0\0\0d", 4);
        began[frame] = start;
    }
    write_all(fd, frames, (size_t)window * FRAME);
    while (left > 0) {
        ssize_t more = recv(fd, bytes + have, sizeof bytes - have, 0);
        if (more <= 0) fail("recv");
        have += more;
        int whole = have / FRAME;
        memmove(bytes, bytes + (size_t)whole * FRAME, have - (size_t)whole * FRAME);
        have -= (size_t)whole * FRAME;
        last = now();
        for (int frame = 0; frame < whole; frame++) {
            if (count == capacity && !(times = realloc(times, (capacity *= 2) * sizeof *times))) fail("realloc");
            times[count++] = last - began[first];
            began[first] = last;
            first = (first + 1) % window;
        }
        if (last < end) write_all(fd, frames, (size_t)whole * FRAME);
        else left -= whole;
    }
    qsort(times, count, sizeof *times, ascending);
    printf("{\"name\": \"blocking sockets in C\", \"inFlight\": %d, \"rate\": %f, \"p50\": %.9f, \"p99\": %.9f}\n",
           window, count / (last - start), times[count / 2], times[count * 99 / 100]);
    fflush(stdout);
    free(times);
}

int main(int argc, char **argv) {
    int windows[] = {1, 16, WINDOW}, yes = 1;
    if (argc == 2 && !strcmp(argv[1], "serve")) { serve(); return 0; }
    if (argc != 4 || strcmp(argv[1], "ask")) { fprintf(stderr, "usage: %s serve | ask PORT SECONDS\n", argv[0]); return 2; }
    struct sockaddr_in address = place(atoi(argv[2]));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    for (int index = 0; index < 3; index++) ask(fd, windows[index], atof(argv[3]));
    return 0;
}
