/// What the command line says.
struct Options {
    /// How long the load runs.
    var minutes = 30.0
    /// Where the curve goes; nowhere when it is empty.
    var curve = ""
    /// How often the processes are looked at.
    var interval = Duration.seconds(5)
    /// Whether callers and agents talk directly.
    var isHybrid = false

    init(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let name = rest.popFirst(), let value = rest.popFirst() {
            switch name {
            case "--minutes": minutes = Double(value) ?? minutes
            case "--curve": curve = value
            case "--exchange": isHybrid = value == "hybrid"
            default: print("unknown: \(name)")
            }
        }
    }
}
