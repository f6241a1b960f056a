import ExchangeTestKit
import Logging
import Testing

@Suite("Recorders")
struct RecorderTests {
    @Test("the same seed gives the same numbers, and they are those of SplitMix64")
    func seed() {
        var generator = SeededGenerator(seed: 0)
        #expect(generator.next() == 0xe220_a839_7b1d_cdaf)
        #expect(generator.next() == 0x6e78_9e6a_a1b9_65f4)
        #expect(generator.description == "WARREN_SEED=0")
    }

    @Test("a log recorder keeps level, text, values and label, and can be waited on")
    func log() async throws {
        let recorder = LogRecorder()
        var logger = recorder.logger(label: "a.label")
        logger[metadataKey: "queue"] = "one"
        async let waited = recorder.entry { $0.message == "second" }
        logger.info("first")
        logger.error("second", metadata: ["code": "404"])
        let entry = try await waited
        #expect(entry.level == .error)
        #expect(entry.label == "a.label")
        #expect(entry.metadata == ["queue": "one", "code": "404"])
        #expect(recorder.entries.map(\.message) == ["first", "second"])
    }
}
