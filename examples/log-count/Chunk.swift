/// A part of the file: some lines in a row, numbered from 0.
///
/// The number is what makes a chunk count once, however often it is delivered.
struct Chunk: Sendable, Codable {
    /// Its place in the file.
    let number: Int

    /// The lines, without their line feeds.
    let lines: [String]

    /// How many bytes of the file it covers.
    let bytes: Int

    /// The counts of its lines.
    var tally: Tally {
        var tally = Tally()
        for line in lines { tally.count(line) }
        return tally
    }
}
