#include "raw.h"
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

amqp_connection_state_t conn;

void die(const char *what) { fprintf(stderr, "%s failed\n", what); exit(1); }

void check(const char *what) {
    amqp_rpc_reply_t reply = amqp_get_rpc_reply(conn);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
        amqp_channel_close_t *close = reply.reply.decoded;
        fprintf(stderr, "%.*s\n", (int)close->reply_text.len, (char *)close->reply_text.bytes);
    }
    die(what);
}

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

void cpu(double *user, double *system) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    *user = usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6;
    *system = usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6;
}

static double thread_microseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

void work(double microseconds) {
    if (microseconds <= 0) return;
    double end = thread_microseconds() + microseconds;
    while (thread_microseconds() < end) {}
}

void connect_to(int port) {
    conn = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(conn);
    if (amqp_socket_open(socket, "127.0.0.1", port)) die("connect");
    amqp_rpc_reply_t reply = amqp_login(conn, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest");
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) die("login");
    amqp_channel_open(conn, 1);
    check("channel.open");
}

void declare(const char *queue, const char *kind) {
    amqp_table_entry_t entries[2];
    entries[0].key = amqp_cstring_bytes("x-queue-type");
    entries[0].value.kind = AMQP_FIELD_KIND_UTF8;
    entries[0].value.value.bytes = amqp_cstring_bytes(kind);
    entries[1].key = amqp_cstring_bytes("x-single-active-consumer");
    entries[1].value.kind = AMQP_FIELD_KIND_BOOLEAN;
    entries[1].value.value.boolean = 1;
    amqp_table_t arguments = {strcmp(kind, "stream") ? 2 : 1, entries};
    amqp_queue_declare(conn, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, arguments);
    check("queue.declare");
}

void delete_queue(const char *queue) {
    amqp_queue_delete(conn, 1, amqp_cstring_bytes(queue), 0, 0);
    check("queue.delete");
}

void begin_confirms(void) {
    amqp_confirm_select(conn, 1);
    check("confirm.select");
}

void consume(const char *queue, int prefetch) {
    amqp_basic_qos(conn, 1, 0, prefetch, 0);
    check("basic.qos");
    amqp_basic_consume(conn, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    check("basic.consume");
}

void publish(const char *exchange, const char *key, const char *reply_to, uint64_t correlation, size_t size) {
    static const char *values[] = {
        "1.0", "user:91a13e5e-f76d-44ad-8cfc-d5444b975ed5", "agent:c0503471-b715-4015-a093-eb42201cc0e5",
        "b000c647-be6e-492c-a816-15afa4d10b93", "echo", "bench", "bench-1",
    };
    static const char *names[] = {
        "warren-protocol", "warren-source", "warren-destination", "warren-label", "warren-action",
        "warren-source-name", "warren-destination-name",
    };
    static char *body;
    static size_t room;
    if (size > room) {
        body = realloc(body, size);
        memset(body, 'x', size);
        room = size;
    }
    amqp_table_entry_t entries[7];
    for (int i = 0; i < 7; i++) {
        entries[i].key = amqp_cstring_bytes(names[i]);
        entries[i].value.kind = AMQP_FIELD_KIND_UTF8;
        entries[i].value.value.bytes = amqp_cstring_bytes(values[i]);
    }
    char id[40];
    snprintf(id, sizeof id, "%036llu", (unsigned long long)correlation);
    amqp_basic_properties_t properties = {0};
    properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG
        | AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_APP_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG
        | AMQP_BASIC_HEADERS_FLAG;
    properties.content_type = amqp_cstring_bytes("application/json");
    properties.delivery_mode = 2;
    properties.correlation_id = amqp_cstring_bytes(id);
    properties.message_id = amqp_cstring_bytes("warren-1-1000000");
    properties.type = amqp_cstring_bytes("action-request");
    properties.app_id = amqp_cstring_bytes("warren");
    properties.timestamp = 1795254909;
    properties.headers.num_entries = 7;
    properties.headers.entries = entries;
    if (reply_to) {
        properties._flags |= AMQP_BASIC_REPLY_TO_FLAG;
        properties.reply_to = amqp_cstring_bytes(reply_to);
    }
    amqp_bytes_t bytes = {size, body};
    if (amqp_basic_publish(conn, 1, amqp_cstring_bytes(exchange), amqp_cstring_bytes(key), 1, 0, &properties, bytes))
        die("basic.publish");
}

static int read_frame(amqp_frame_t *frame, int wait) {
    struct timeval zero = {0, 0}, minute = {60, 0};
    int status = amqp_simple_wait_frame_noblock(conn, frame, wait ? &minute : &zero);
    if (status == AMQP_STATUS_TIMEOUT && !wait) return 0;
    if (status != AMQP_STATUS_OK) die("read");
    return 1;
}

int next(event_t *event, int wait) {
    amqp_frame_t frame;
    do {
        amqp_maybe_release_buffers(conn);
        if (!read_frame(&frame, wait)) return 0;
    } while (frame.frame_type != AMQP_FRAME_METHOD);
    memset(event, 0, offsetof(event_t, reply_to) + 1);
    event->method = frame.payload.method.id;
    switch (event->method) {
    case AMQP_BASIC_ACK_METHOD: {
        amqp_basic_ack_t *ack = frame.payload.method.decoded;
        event->tag = ack->delivery_tag;
        event->multiple = ack->multiple;
        return 1;
    }
    case AMQP_BASIC_DELIVER_METHOD: {
        amqp_basic_deliver_t *deliver = frame.payload.method.decoded;
        event->tag = deliver->delivery_tag;
        if (!read_frame(&frame, 1) || frame.frame_type != AMQP_FRAME_HEADER) die("header");
        amqp_basic_properties_t *properties = frame.payload.properties.decoded;
        size_t length = properties->correlation_id.len < 39 ? properties->correlation_id.len : 39;
        char id[40] = {0};
        if (properties->_flags & AMQP_BASIC_CORRELATION_ID_FLAG) memcpy(id, properties->correlation_id.bytes, length);
        event->correlation = strtoull(id, 0, 10);
        if (properties->_flags & AMQP_BASIC_REPLY_TO_FLAG && properties->reply_to.len < sizeof event->reply_to) {
            memcpy(event->reply_to, properties->reply_to.bytes, properties->reply_to.len);
            event->reply_to[properties->reply_to.len] = 0;
        }
        event->size = frame.payload.properties.body_size;
        for (size_t got = 0; got < event->size; got += frame.payload.body_fragment.len)
            if (!read_frame(&frame, 1) || frame.frame_type != AMQP_FRAME_BODY) die("body");
        return 1;
    }
    case AMQP_BASIC_NACK_METHOD: die("a publish was refused");
    case AMQP_BASIC_RETURN_METHOD: die("a publish was returned");
    case AMQP_CHANNEL_CLOSE_METHOD: die("the channel was closed");
    default: return 1;
    }
}

void acknowledge(uint64_t tag, int multiple) {
    if (amqp_basic_ack(conn, 1, tag, multiple)) die("basic.ack");
}

void sample(samples_t *samples, double seconds) {
    if (samples->count == samples->room) {
        samples->room = samples->room ? samples->room * 2 : 1024;
        samples->at = realloc(samples->at, samples->room * sizeof(double));
    }
    samples->at[samples->count++] = seconds;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double quantile(samples_t *samples, double part) {
    if (!samples->count) return 0;
    qsort(samples->at, samples->count, sizeof(double), compare);
    long index = (long)(samples->count * part);
    return samples->at[index < samples->count ? index : samples->count - 1];
}
