import ExchangeTestKit

/// What the nemesis does, in order: the same for the same seed.
struct NemesisPlan: Sendable {
    /// One fault.
    struct Step: Sendable {
        let number: Int
        let fault: Fault
        /// A number from which the target is chosen.
        let target: Int
        /// How long it lasts, where that can be said.
        let hold: Duration
        /// A number for the rest.
        let dice: Int
    }

    private var generator: SeededGenerator
    private let kinds: [Fault]
    private var deck: [Fault] = []
    private var count = 0

    init(_ options: Options) {
        generator = SeededGenerator(seed: options.seed)
        let all = Fault.allCases.filter { !options.isWorkers || $0.concernsWorkers }
        kinds = all.filter { options.faults.isEmpty || options.faults.contains($0.rawValue) }
    }

    /// Faults that come together, and how long it is calm after them.
    mutating func next() -> (steps: [Step], calm: Duration) {
        let together = [1, 1, 2, 2, 3, 4].randomElement(using: &generator) ?? 1
        var steps: [Step] = []
        for _ in 0..<together {
            let fault = deal()
            // One thing at a time happens to the broker.
            guard !fault.isBrokers || !steps.contains(where: { $0.fault.isBrokers }) else {
                deck.append(fault)
                continue
            }
            count += 1
            steps.append(
                Step(
                    number: count,
                    fault: fault,
                    target: Int.random(in: 0..<1000, using: &generator),
                    hold: .milliseconds(Int.random(in: 200...9000, using: &generator)),
                    dice: Int.random(in: 0..<1000, using: &generator)
                )
            )
        }
        let calm = Bool.random(using: &generator) ? 100...1000 : 1000...5000
        return (steps, .milliseconds(Int.random(in: calm, using: &generator)))
    }

    /// Each kind comes as often as the others.
    private mutating func deal() -> Fault {
        if deck.isEmpty { deck = kinds.shuffled(using: &generator) }
        return deck.popLast() ?? .reset
    }
}
