import ExchangeTestKit
import Foundation
import Testing

@testable import AgentExchange

@Suite("UUIDs as text")
struct UUIDTextTests {
    @Test("The text is Foundation's in lower case, and is read in both cases")
    func bothWays() {
        for _ in 0..<1000 {
            let uuid = UUID()
            #expect(uuid.lowercased == uuid.uuidString.lowercased())
            #expect(UUID(text: uuid.lowercased) == uuid)
            #expect(UUID(text: uuid.uuidString) == uuid)
            #expect(UUID(text: "agent:\(uuid)".dropFirst(6)) == uuid)
        }
    }

    @Test("Nothing else is read, also where Foundation is lenient and takes a blank or a sign for a digit")
    func damaged() {
        var random = SeededGenerator()
        let bytes = Array("0123456789abcdefABCDEFgG-:é ".unicodeScalars)
        for _ in 0..<20_000 {
            var text = Array(UUID().uuidString.unicodeScalars)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text[index] = bytes.randomElement(using: &random) ?? "x"
                case 1: text.remove(at: index)
                default: text.insert(bytes.randomElement(using: &random) ?? "x", at: index)
                }
            }
            var damaged = ""
            damaged.unicodeScalars.append(contentsOf: text)
            let isText = damaged.wholeMatch(of: #/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/#) != nil
            #expect(UUID(text: damaged) == (isText ? UUID(uuidString: damaged) : nil), "\(random)")
        }
    }
}
