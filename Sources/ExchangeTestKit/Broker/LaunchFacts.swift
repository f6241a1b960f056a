/// The facts that the launcher prints about a ready broker.
struct LaunchFacts {
    let directory: String
    let node: String
    let port: Int
    let managementPort: Int
    let vmProcessID: Int32

    /// Reads `key=value` lines up to `ready=`.
    init(readingFrom launcher: ChildProcess, timeout: Duration) async throws {
        var facts: [String: String] = [:]
        do {
            // The launcher keeps the deadline itself and explains failures better, so it gets a little more time.
            _ = try await launcher.line(timeout: timeout + .seconds(5)) { line in
                guard let equals = line.firstIndex(of: "=") else { return false }
                let key = String(line[..<equals])
                facts[key] = String(line[line.index(after: equals)...])
                return key == "ready"
            }
        } catch ChildProcessError.outputEnded(_, let errors) {
            throw PrivateBrokerError.notStarted(errors)
        }
        try self.init(facts)
    }

    init(_ facts: [String: String]) throws {
        guard
            let directory = facts["directory"],
            let node = facts["node"],
            let port = facts["port"].flatMap({ Int($0) }),
            let managementPort = facts["management_port"].flatMap({ Int($0) }),
            let vmProcessID = facts["vm_pid"].flatMap({ Int32($0) })
        else { throw PrivateBrokerError.notStarted("the launcher said only \(facts)") }
        self.directory = directory
        self.node = node
        self.port = port
        self.managementPort = managementPort
        self.vmProcessID = vmProcessID
    }
}
