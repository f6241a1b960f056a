import Primitives
import Testing

@Suite("A value that is set once")
struct OneShotTests {
    @Test("a value is received before, while and after it is waited for, and only the first counts")
    func values() async {
        let value = OneShot<Int>()
        #expect(await value.wait(until: .now - .seconds(1)) == nil)
        #expect(await value.wait(until: .now + .milliseconds(5)) == nil)
        async let waited = value.wait(until: .now + .seconds(10))
        value.set(1)
        value.set(2)
        #expect(await waited == 1)
        #expect(await value.wait(until: .now + .seconds(10)) == 1)
    }

    @Test("a cancelled wait ends at once, and the next one is not disturbed")
    func cancelled() async {
        for _ in 0..<200 {
            let value = OneShot<Int>()
            let wait = Task { await value.wait(until: .now + .seconds(60)) }
            wait.cancel()
            #expect(await wait.value == nil)
            value.set(3)
            #expect(await value.wait(until: .now + .seconds(10)) == 3)
        }
    }

    @Test("every task that waits gets it, and a wait that is given up takes it from no other")
    func many() async {
        for _ in 0..<50 {
            let value = OneShot<Int>()
            let waits = (0..<10).map { number in
                Task { number % 3 == 0 ? await value.wait(until: .now - .seconds(1)) : await value.wait() }
            }
            waits[1].cancel()
            #expect(await waits[1].value == nil && value.value == nil)
            #expect(value.set(7) && !value.set(8))
            for (number, wait) in waits.enumerated() where number % 3 != 0 && number != 1 {
                #expect(await wait.value == 7)
            }
        }
    }
}
