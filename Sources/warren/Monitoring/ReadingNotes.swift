import Synchronization

/// Tells an operator once when a source can't be read, and once when it can be again.
final class ReadingNotes: Sendable {
    private let failing = Mutex<Set<NamespaceReading.Source>>([])

    /// Returns the lines for a reading.
    func lines(_ reading: NamespaceReading) -> [String] {
        failing.withLock { failing in
            NamespaceReading.Source.allCases.compactMap { source in
                if let failure = reading.failures[source] {
                    return failing.insert(source).inserted ? "\(source) can't be read: \(failure.message)" : nil
                }
                return failing.remove(source) != nil ? "\(source) can be read again" : nil
            }
        }
    }
}
