/// The used part of a ``PublishWindow``.
struct WindowAccount {
    private let window: PublishWindow
    private(set) var messages = 0
    private(set) var bytes = 0

    init(_ window: PublishWindow) {
        self.window = window
    }

    /// Returns whether a message of this size may be written now. A message larger than the window is sent alone.
    func admits(_ size: Int) -> Bool {
        messages == 0 || (messages < window.messages && bytes + size <= window.bytes)
    }

    mutating func take(_ size: Int) {
        messages += 1
        bytes += size
    }

    mutating func release(_ size: Int) {
        messages -= 1
        bytes -= size
    }
}
