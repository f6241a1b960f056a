import Foundation

/// Tells systemd how a service of `Type=notify` is, by datagrams to the socket that it names in `NOTIFY_SOCKET`.
///
/// Sending never waits and never fails the service: a datagram that can't be sent is lost. systemd then ends the service
/// by its own deadlines, `TimeoutStartSec` and `WatchdogSec`.
struct ServiceNotifier: Sendable {
    enum Notice: String, Sendable {
        /// The service receives requests, or stands by.
        case ready = "READY=1"
        /// The service has begun to stop.
        case stopping = "STOPPING=1"
        /// The service's tasks run.
        case alive = "WATCHDOG=1"
    }

    /// The path of the socket; an abstract one begins with a zero.
    private let path: [UInt8]

    /// How long systemd waits for a sign of life; `nil` without `WatchdogSec`.
    let watchdog: Duration?

    /// Reads the environment of the process; `nil` when its parent is not systemd, or asks for no notices.
    init?(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        processID: Int32 = ProcessInfo.processInfo.processIdentifier
    ) {
        guard let socket = environment["NOTIFY_SOCKET"], socket.utf8.count > 1,
            socket.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        else { return nil }
        switch socket.utf8.first {
        case UInt8(ascii: "/"): path = Array(socket.utf8)
        case UInt8(ascii: "@"): path = [0] + Array(socket.utf8.dropFirst())
        default: return nil
        }
        let isMeant = environment["WATCHDOG_PID"].map { $0 == "\(processID)" } ?? true
        let limit = environment["WATCHDOG_USEC"].flatMap(Int64.init).flatMap { $0 > 0 ? $0 : nil }
        watchdog = isMeant ? limit.map { .microseconds($0) } : nil
    }

    /// Sends one notice.
    func send(_ notice: Notice) {
        #if os(Linux)
            let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { return }
            defer { close(descriptor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
            // An abstract name has no end of its own: the length of the address is its end.
            let head = MemoryLayout.size(ofValue: address) - MemoryLayout.size(ofValue: address.sun_path)
            let length = socklen_t(head + path.count)
            let text = Array(notice.rawValue.utf8)
            let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
            _ = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(descriptor, text, text.count, flags, $0, length)
                }
            }
        #endif
    }

    /// Runs a service, and sends signs of life at twice the frequency that systemd asks for, at least one an hour and at
    /// most 100 a second, until it has ended. The beginning of its end, a cancellation, is told at once.
    func watch(_ service: () async throws -> Void) async throws {
        let signs = watchdog.map { limit in
            let pause = min(max(limit / 2, .milliseconds(10)), .seconds(3600))
            return Task {
                while !Task.isCancelled {
                    send(.alive)
                    try? await Task.sleep(for: pause)
                }
            }
        }
        let result: Result<Void, any Error>
        do {
            try await withTaskCancellationHandler {
                try await service()
            } onCancel: {
                send(.stopping)
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        if !Task.isCancelled { send(.stopping) }
        // Not before: actions that still run when a signal comes may take longer than the watchdog allows.
        signs?.cancel()
        await signs?.value
        try result.get()
    }
}
