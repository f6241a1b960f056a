import ExchangeTestKit
import Testing

@Suite("Input from outside")
struct FuzzingTests {
    @Test("is read or refused by every decoder, in 60,000 generated cases; make fuzz runs a million")
    func generated() async throws {
        let program = try ProductsDirectory.executable("fuzz")
        let seed = SeededGenerator.processSeed
        let fuzz = try ChildProcess(
            program,
            ["--cases", "60000", "--giants", "1000000", "--seed", "\(seed)"]
        )
        let output = try await fuzz.remainingOutput(timeout: .seconds(300))
        let exit = try await fuzz.waitForExit()
        #expect(exit == .code(0), "\(output)")
    }
}
