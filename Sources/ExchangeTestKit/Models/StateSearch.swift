/// An exhaustive search through the states of a small machine.
package struct StateSearch<State: Hashable> {
    /// The outcome of a search.
    package struct Result {
        /// The number of states visited.
        package var states = 0
        /// The number of steps between them.
        package var steps = 0
        /// The first fault found, and the shortest way there.
        package var fault: (text: String, path: [State])?
    }

    private let initial: [State]
    private let successors: (State) -> [State]
    private let fault: (State) -> String?
    private let isGood: (State) -> Bool

    /// Makes a search.
    ///
    /// - Parameters:
    ///   - successors: Returns the states that may follow a state.
    ///   - fault: Returns the fault of a state by itself; `nil` for none.
    ///   - isGood: Returns whether everything may end in a state. From every state there must be a way to a good one.
    package init(
        initial: [State],
        successors: @escaping (State) -> [State],
        fault: @escaping (State) -> String?,
        isGood: @escaping (State) -> Bool
    ) {
        self.initial = initial
        self.successors = successors
        self.fault = fault
        self.isGood = isGood
    }

    /// Visits every state once, the nearest first.
    package func run() -> Result {
        var result = Result()
        var index: [State: Int] = [:]
        var states: [State] = []
        var origin: [Int] = []
        var predecessors: [[Int32]] = []
        func visit(_ state: State, from: Int) {
            if let known = index[state] {
                if from >= 0 { predecessors[known].append(Int32(from)) }
                return
            }
            index[state] = states.count
            states.append(state)
            origin.append(from)
            predecessors.append(from >= 0 ? [Int32(from)] : [])
        }
        func path(to last: Int) -> [State] {
            var path: [State] = []
            var at = last
            while at >= 0 {
                path.append(states[at])
                at = origin[at]
            }
            return path.reversed()
        }
        for state in initial { visit(state, from: -1) }
        var next = 0
        while next < states.count {
            let state = states[next]
            if let text = fault(state) {
                result.states = states.count
                result.fault = (text, path(to: next))
                return result
            }
            for successor in successors(state) where successor != state {
                result.steps += 1
                visit(successor, from: next)
            }
            next += 1
        }
        result.states = states.count
        // Backwards from the good ends.
        var reaches = states.map(isGood)
        var open = reaches.indices.filter { reaches[$0] }
        while let state = open.popLast() {
            for before in predecessors[state] where !reaches[Int(before)] {
                reaches[Int(before)] = true
                open.append(Int(before))
            }
        }
        if let stuck = reaches.firstIndex(of: false) { result.fault = ("no way leads to a good end", path(to: stuck)) }
        return result
    }
}
