/// The command line, or the file it names, can't be used.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    /// Makes an error of a sentence.
    init(_ description: String) {
        self.description = description
    }
}

/// The job can't go on.
struct JobError: Error, CustomStringConvertible {
    let description: String

    /// Makes an error of a sentence.
    init(_ description: String) {
        self.description = description
    }
}

/// The exchange can't be reached.
struct UnreachableExchange: Error, CustomStringConvertible {
    let description: String

    /// Makes an error of a sentence.
    init(_ description: String) {
        self.description = description
    }
}
