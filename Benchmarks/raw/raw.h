// What the raw programs share: a plain rabbitmq-c client, as its examples show it, without anything of Warren.
#ifndef RAW_H
#define RAW_H
#include <amqp.h>
#include <amqp_framing.h>
#include <stdint.h>

extern amqp_connection_state_t conn;

/// What arrived: a message, or a method without a body.
typedef struct {
    amqp_method_number_t method;
    uint64_t tag;          // delivery tag or confirmed tag
    int multiple;          // of a confirm
    uint64_t correlation;  // the number in correlation_id of a message
    char reply_to[256];    // of a message
    size_t size;           // of a message's body
} event_t;

_Noreturn void die(const char *what);
void check(const char *what);
double now(void);
/// Seconds of user and of system time that this process has used.
void cpu(double *user, double *system);
/// Computes for so many microseconds of this thread's CPU time: what a client with more to do for each message costs.
void work(double microseconds);
void connect_to(int port);
/// kind: classic, quorum or stream.
void declare(const char *queue, const char *kind);
void delete_queue(const char *queue);
void begin_confirms(void);
void consume(const char *queue, int prefetch);
/// A persistent message with as many properties and headers as an agent's request has; the caller's confirm count goes up.
void publish(const char *exchange, const char *key, const char *reply_to, uint64_t correlation, size_t size);
/// Waits for the next event; at once with 0 when `wait` is false and there is none.
int next(event_t *event, int wait);
void acknowledge(uint64_t tag, int multiple);

/// Latencies.
typedef struct { double *at; long count, room; } samples_t;
void sample(samples_t *samples, double seconds);
double quantile(samples_t *samples, double part);
#endif
