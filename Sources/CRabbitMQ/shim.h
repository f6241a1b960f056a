#ifndef WARREN_CRABBITMQ_SHIM_H
#define WARREN_CRABBITMQ_SHIM_H

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#include <sys/prctl.h>

// Neither of these is in Swift's Glibc module.
static inline int warren_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline void warren_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
#endif

// amqp_login_with_properties is variadic, which Swift does not import.
static inline amqp_rpc_reply_t warren_amqp_login_plain(
    amqp_connection_state_t state, const char *vhost, int frame_max, int heartbeat,
    const amqp_table_t *properties, const char *user, const char *password) {
    return amqp_login_with_properties(
        state, vhost, 0, frame_max, heartbeat, properties, AMQP_SASL_METHOD_PLAIN, user, password);
}

static inline amqp_rpc_reply_t warren_amqp_login_external(
    amqp_connection_state_t state, const char *vhost, int frame_max, int heartbeat,
    const amqp_table_t *properties, const char *identity) {
    return amqp_login_with_properties(
        state, vhost, 0, frame_max, heartbeat, properties, AMQP_SASL_METHOD_EXTERNAL, identity);
}

// The library says only that a socket could not be connected. Connects once more to learn why: the number of the system's
// error for the last address, 0 when an address accepts, or none answers in the time that is given for each.
static inline int warren_connect_error(const char *host, const char *port, int milliseconds) {
    struct addrinfo hints, *list = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &list) != 0) return 0;
    int reason = 0;
    for (struct addrinfo *address = list; address; address = address->ai_next) {
        int descriptor = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
        if (descriptor < 0) continue;
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        fcntl(descriptor, F_SETFL, O_NONBLOCK);
        int error = connect(descriptor, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
        if (error == EINPROGRESS) {
            struct pollfd entry = {descriptor, POLLOUT, 0};
            socklen_t size = sizeof error;
            if (poll(&entry, 1, milliseconds) != 1 || getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
                error = 0;
        }
        close(descriptor);
        reason = error;
        if (error == 0) break;
    }
    freeaddrinfo(list);
    return reason;
}

// The library says of a TLS failure only that there was one. OpenSSL, which it uses, knows why: the first reason for which
// a certificate is refused is kept in the integer that belongs to the context.
static inline int warren_note_refusal(int accepted, X509_STORE_CTX *store) {
    if (accepted) return 1;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    int *note = ssl ? SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;
    if (note && *note == X509_V_OK) *note = X509_STORE_CTX_get_error(store);
    return 0;
}

static inline void warren_tls_note_refusals(void *context, int *note) {
    SSL_CTX_set_app_data((SSL_CTX *)context, note);
    if (note) SSL_CTX_set_verify((SSL_CTX *)context, SSL_VERIFY_PEER, warren_note_refusal);
}

// The library can't match an IP address against a certificate; OpenSSL can. Returns 1 when the text is an address.
static inline int warren_tls_expect_address(void *context, const char *address) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param((SSL_CTX *)context), address);
}

static inline int warren_tls_trust_system(void *context) {
    return SSL_CTX_set_default_verify_paths((SSL_CTX *)context);
}

// The reason of the first error that OpenSSL has noted on this thread; 0 when there is none.
static inline int warren_tls_reason(void) { return ERR_GET_REASON(ERR_peek_error()); }
static inline void warren_tls_forget(void) { ERR_clear_error(); }

#endif
