extension String {
    /// Returns the longest prefix that has at most `limit` bytes and splits no character.
    package func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var size = 0
        return String(
            prefix { character in
                size += character.utf8.count
                return size <= limit
            }
        )
    }
}
