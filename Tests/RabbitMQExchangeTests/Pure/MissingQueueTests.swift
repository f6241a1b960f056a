import AMQP
import Testing

@testable import RabbitMQExchange

@Suite("A queue that is missing, and one whose node is down")
struct MissingQueueTests {
    /// Texts for a missing queue and for one on a node that is down, in whatever words.
    private static let wordings: [(missing: String, down: String)] = [
        (
            "NOT_FOUND - no queue '%' in vhost '/'",
            "NOT_FOUND - home node 'rabbit@b' of durable queue '%' in vhost '/' is down or inaccessible"
        ),
        ("404: there is nothing called '%' here", "404: the replicas of '%' can't be reached at the moment"),
        ("NICHT_GEFUNDEN - keine Warteschlange '%'", "NICHT_GEFUNDEN - der Knoten von '%' antwortet nicht"),
    ]

    @Test("are told apart whatever words the broker has for them", arguments: wordings.indices)
    func words(_ index: Int) {
        let (missing, down) = Self.wordings[index]
        let (nobody, queue) = ("warren.a.agent.0000", "warren.a.agent.1234")
        let known = MissingQueue(name: nobody, text: missing.replacing("%", with: nobody))
        #expect(known.isSame(missing.replacing("%", with: queue), about: queue))
        #expect(!known.isSame(down.replacing("%", with: queue), about: queue))
        // Another queue than the one that was asked about, and no text at all.
        #expect(!known.isSame(missing.replacing("%", with: "warren.a.agent.9999"), about: queue))
        #expect(!known.isSame("", about: queue))
    }

    @Test("A text that was never seen before means that the queue may exist")
    func unknown() {
        let known = MissingQueue(name: "q1", text: "NOT_FOUND - no queue 'q1' in vhost '/'")
        for other in Self.wordings.dropFirst() {
            #expect(!known.isSame(other.missing.replacing("%", with: "q2"), about: "q2"))
            #expect(!known.isSame(other.down.replacing("%", with: "q2"), about: "q2"))
        }
    }
}

extension BrokerTests {
    @Suite("Looking at queues")
    struct LookingTests {
        @Test("A queue that is not there is missing, whatever its name, and one that is there has its figures")
        func looks() async throws {
            let scene = try await Scene()
            let lease = try await scene.exchange().lease()
            let link = lease.session.link
            for name in ["x", scene.name("agent.none"), scene.name(String(repeating: "n", count: 200))] {
                for _ in 1...2 { #expect(try await link.objects.status(ofQueue: name) == nil) }
            }
            #expect(try await link.objects.status(ofQueue: scene.name("parked"))?.messageCount == 0)
            await lease.end()
        }
    }
}
