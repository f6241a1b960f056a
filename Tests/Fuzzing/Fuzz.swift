import ExchangeTestKit
import Foundation
import Synchronization

/// Tries what input from outside can do to every decoder.
///
///     fuzz [--cases N] [--seed S] [--only DECODER] [--case NUMBER] [--giants BYTES]
///
/// Each case has a number, and its input depends on the seed and the number alone. When one crashes, its number is the
/// last line of the output; `--case NUMBER` runs it alone.
@main
enum Fuzz {
    private static let current = Atomic<UInt64>(0)

    static func main() throws {
        let options = Options(CommandLine.arguments.dropFirst())
        print("WARREN_SEED=\(options.seed), \(options.cases) cases")
        tellCrashes()
        let decoders = try Decoders.all().filter { options.only == nil || $0.name == options.only }
        var tallies = Array(repeating: Tally(), count: decoders.count)
        let numbers = options.number.map { $0...$0 } ?? 1...options.cases
        var failures = 0
        for number in numbers {
            current.store(number, ordering: .relaxed)
            let index = Int(number % UInt64(decoders.count))
            var mutator = Mutator(random: SeededGenerator(seed: options.seed &+ number &* 0x9e37_79b9))
            let start = ContinuousClock.now
            do {
                tallies[index].count(try decoders[index].run(&mutator))
            } catch {
                failures += 1
                print("case \(number) of \(decoders[index].name): \(error)")
            }
            tallies[index].took(start.duration(to: .now))
        }
        for (decoder, tally) in zip(decoders, tallies) { print("\(decoder.name): \(tally)") }
        if options.giants > 0 {
            for name in Giants.run(size: options.giants) {
                failures += 1
                print("too slow: \(name)")
            }
        }
        let peak = (ProcessFigures()?.peak ?? 0) >> 20
        print("\(failures) failures, peak memory \(peak) MiB")
        exit(failures == 0 && peak < options.memory ? 0 : 1)
    }

    /// A crash ends the process; the number of the case goes to the standard output first.
    private static func tellCrashes() {
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE] {
            signal(number) { number in
                var text = Array("crashed in case ".utf8)
                var digits: [UInt8] = []
                var rest = Fuzz.current.load(ordering: .relaxed)
                repeat {
                    digits.append(UInt8(48 + rest % 10))
                    rest /= 10
                } while rest > 0
                text += digits.reversed() + [10]
                write(STDOUT_FILENO, text, text.count)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// What became of the cases of one decoder.
    private struct Tally: CustomStringConvertible {
        private var read = 0
        private var refused = 0
        private var time = Duration.zero
        private var longest = Duration.zero

        mutating func count(_ outcome: Decoder.Outcome) {
            switch outcome {
            case .read: read += 1
            case .refused: refused += 1
            }
        }

        mutating func took(_ duration: Duration) {
            time += duration
            longest = max(longest, duration)
        }

        var description: String {
            let mean = time / .microseconds(1) / Double(max(1, read + refused))
            let most = longest / .milliseconds(1)
            return "\(read) read, \(refused) refused, mean \(Int(mean)) µs, longest \(Int(most)) ms"
        }
    }
}
