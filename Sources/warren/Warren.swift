import ArgumentParser
@main
struct Warren: AsyncParsableCommand {}
