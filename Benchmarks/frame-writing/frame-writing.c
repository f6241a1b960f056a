// Confirmed publishes over one connection: frames sent by the library, or encoded by the library and sent by us.
// usage: frame-writing <port> <library|own> <classic|quorum> <window> <count>
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

static amqp_connection_state_t conn;
static int fd;
static long sends, receives, polls;
static unsigned char out[1 << 20];
static size_t out_len;
static unsigned char in[1 << 18];
static unsigned long long confirmed;

static void die(const char *what) { fprintf(stderr, "%s failed\n", what); exit(1); }
static void check(const char *what) { if (amqp_get_rpc_reply(conn).reply_type != AMQP_RESPONSE_NORMAL) die(what); }
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }

static void frame(int type, const void *payload_method, amqp_method_number_t id, const void *body, size_t len) {
    unsigned char *start = out + out_len;
    size_t size = 0;
    if (type == AMQP_FRAME_METHOD) {
        start[7] = id >> 24; start[8] = id >> 16; start[9] = id >> 8; start[10] = id;
        amqp_bytes_t room = {65536, start + 11};
        size = 4 + amqp_encode_method(id, (void *)payload_method, room);
    } else if (type == AMQP_FRAME_HEADER) {
        memset(start + 7, 0, 12);
        start[8] = 60;
        for (int i = 0; i < 8; i++) start[11 + i] = (unsigned char)((unsigned long long)len >> (56 - 8 * i));
        amqp_bytes_t room = {65536, start + 19};
        size = 12 + amqp_encode_properties(60, (void *)payload_method, room);
    } else {
        memcpy(start + 7, body, len);
        size = len;
    }
    start[0] = type; start[1] = 0; start[2] = 1;
    start[3] = size >> 24; start[4] = size >> 16; start[5] = size >> 8; start[6] = size;
    start[7 + size] = 0xCE;
    out_len += size + 8;
}

static void handle(amqp_frame_t *f) {
    if (f->frame_type != AMQP_FRAME_METHOD) return;
    if (f->payload.method.id == AMQP_BASIC_ACK_METHOD) {
        amqp_basic_ack_t *ack = f->payload.method.decoded;
        static unsigned long long single;
        if (ack->multiple) confirmed = ack->delivery_tag > confirmed ? ack->delivery_tag : confirmed;
        else { single = ack->delivery_tag; if (single > confirmed) confirmed = single; }
    } else die("unexpected method");
}

static void read_library(int wait) {
    struct timeval zero = {0, 0}, long_wait = {10, 0};
    amqp_frame_t f;
    int status = amqp_simple_wait_frame_noblock(conn, &f, wait ? &long_wait : &zero);
    while (status == AMQP_STATUS_OK) {
        handle(&f);
        status = amqp_simple_wait_frame_noblock(conn, &f, &zero);
    }
    amqp_maybe_release_buffers(conn);
    if (status != AMQP_STATUS_TIMEOUT) die("read");
}

static void flush_own(void) {
    size_t done = 0;
    while (done < out_len) {
        ssize_t n = send(fd, out + done, out_len - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        sends++;
        if (n > 0) done += n;
        else if (errno == EAGAIN) { struct pollfd p = {fd, POLLOUT, 0}; poll(&p, 1, 10000); polls++; }
        else die("send");
    }
    out_len = 0;
}

static void read_own(int wait) {
    if (wait) { struct pollfd p = {fd, POLLIN, 0}; polls++; if (poll(&p, 1, 10000) != 1) die("poll"); }
    for (;;) {
        ssize_t n = recv(fd, in, sizeof in, MSG_DONTWAIT);
        receives++;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) die("recv");
        amqp_bytes_t left = {(size_t)n, in};
        while (left.len > 0) {
            amqp_frame_t f;
            int used = amqp_handle_input(conn, left, &f);
            if (used < 0) die("handle_input");
            left.bytes = (char *)left.bytes + used; left.len -= used;
            if (f.frame_type) handle(&f);
        }
        if ((size_t)n < sizeof in) break;
    }
    amqp_maybe_release_buffers(conn);
}

int main(int argc, char **argv) {
    if (argc != 6) { fprintf(stderr, "usage: %s port library|own classic|quorum window count\n", argv[0]); return 2; }
    int own = !strcmp(argv[2], "own"), quorum = !strcmp(argv[3], "quorum");
    unsigned long long window = strtoull(argv[4], 0, 10), count = strtoull(argv[5], 0, 10), published = 0;
    conn = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(conn);
    if (amqp_socket_open(socket, "127.0.0.1", atoi(argv[1]))) die("connect");
    if (amqp_login(conn, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type != AMQP_RESPONSE_NORMAL) die("login");
    amqp_channel_open(conn, 1); check("channel.open");
    amqp_table_entry_t entry = {amqp_cstring_bytes("x-queue-type"), {0}};
    entry.value.kind = AMQP_FIELD_KIND_UTF8; entry.value.value.bytes = amqp_cstring_bytes(argv[3]);
    amqp_table_t arguments = {quorum ? 1 : 0, &entry};
    amqp_bytes_t queue = amqp_cstring_bytes(quorum ? "frame-writing.quorum" : "frame-writing.classic");
    amqp_queue_declare(conn, 1, queue, 0, 1, 0, 0, arguments); check("queue.declare");
    amqp_queue_purge(conn, 1, queue); check("queue.purge");
    amqp_confirm_select(conn, 1); check("confirm.select");
    fd = amqp_get_sockfd(conn);

    static char body[300];
    amqp_basic_properties_t properties = {0};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG;
    properties.delivery_mode = 2; properties.message_id = amqp_cstring_bytes("0123456789abcdef");
    amqp_bytes_t payload = {sizeof body, body};
    amqp_basic_publish_t method = {0};
    method.routing_key = queue;

    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    double start = now();
    while (confirmed < count) {
        int wrote = 0;
        while (published < count && published - confirmed < window) {
            if (own) {
                frame(AMQP_FRAME_METHOD, &method, AMQP_BASIC_PUBLISH_METHOD, 0, 0);
                frame(AMQP_FRAME_HEADER, &properties, 0, 0, sizeof body);
                frame(AMQP_FRAME_BODY, 0, 0, body, sizeof body);
                if (out_len > 900000) flush_own();
            } else if (amqp_basic_publish(conn, 1, amqp_empty_bytes, queue, 0, 0, &properties, payload)) die("publish");
            published++; wrote = 1;
        }
        if (own) { if (wrote) flush_own(); read_own(1); } else read_library(1);
    }
    double seconds = now() - start;
    getrusage(RUSAGE_SELF, &after);
    double user = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1e6 + after.ru_utime.tv_usec - before.ru_utime.tv_usec;
    double kernel = (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1e6 + after.ru_stime.tv_usec - before.ru_stime.tv_usec;
    printf("%-7s %-7s window %4llu: %7.0f /s  user %.2f us  kernel %.2f us a message", argv[2], argv[3], window, count / seconds, user / count, kernel / count);
    if (own) printf("  send %ld recv %ld poll %ld", sends, receives, polls);
    printf("\n");
    amqp_queue_delete(conn, 1, queue, 0, 0);
    amqp_connection_close(conn, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(conn);
    return 0;
}
