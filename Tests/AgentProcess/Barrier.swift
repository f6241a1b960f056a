/// Holds the actions `wait` of this process until the command `open`.
actor Barrier {
    static let shared = Barrier()

    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func pass() async {
        if !isOpen { await withCheckedContinuation { waiting.append($0) } }
    }

    func open() {
        isOpen = true
        for visitor in waiting { visitor.resume() }
        waiting = []
    }
}
