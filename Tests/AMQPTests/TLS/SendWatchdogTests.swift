import Foundation
import Primitives
import Testing

@testable import AMQP

#if canImport(Glibc)
    import Glibc
#endif

@Suite("The watchdog of sends that block")
struct SendWatchdogTests {
    @Test("ends a send that the peer never reads, soon after the limit")
    func ends() async throws {
        var pair: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let descriptor = pair[0]
        let watchdog = SendWatchdog(descriptor: descriptor, limit: .milliseconds(400))
        let ended = OneShot<Int>()
        let start = ContinuousClock.now
        let started = DetachedThread.start(name: "sender", stackSize: 256 << 10) {
            let bytes = [UInt8](repeating: 0, count: 1 << 20)
            var result = 0
            watchdog.begin()
            repeat {
                result = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            } while result == bytes.count
            watchdog.end()
            ended.set(result)
        }
        #expect(started)
        // Nothing but the watchdog ends it.
        #expect(await ended.wait(until: .after(.seconds(10))) != nil)
        #expect(start.duration(to: .now) >= .milliseconds(400))
        watchdog.stop()
        for descriptor in pair { close(descriptor) }
    }
}
