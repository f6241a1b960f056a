import Foundation
import Testing

@testable import AMQP

@Suite("Password files")
struct PasswordFileTests {
    @Test("One that can't be read in time holds up neither its reader nor other tasks")
    func stuck() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("warren-\(UUID().uuidString)").path
        // Reading a pipe waits for somebody who writes.
        #expect(mkfifo(path, 0o600) == 0)
        let writer = Thread {
            Thread.sleep(forTimeInterval: 5)
            let descriptor = open(path, O_WRONLY | O_NONBLOCK)
            if descriptor >= 0 { close(descriptor) }
            unlink(path)
        }
        writer.start()
        let credentials = Credentials.plain(user: "ann", passwordFile: path)
        let start = ContinuousClock.now
        await withTaskGroup(of: AMQPError.Code?.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    do throws(AMQPError) {
                        _ = try await credentials.resolved(until: .after(.milliseconds(300)))
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            for await code in group { #expect(code == .connectTimedOut) }
        }
        #expect(start.duration(to: .now) < .seconds(4))
    }
}
