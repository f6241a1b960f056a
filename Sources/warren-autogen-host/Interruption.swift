#if AutoGen
    internal import Dispatch
    internal import Foundation
    internal import Primitives

    /// SIGTERM or SIGINT, whichever comes first. A second one ends the process.
    struct Interruption {
        /// Set when a signal comes.
        let signal: OneShot<Int32>
        private let sources: [any DispatchSourceSignal]

        /// Begins to listen for the signals.
        init() {
            let come = OneShot<Int32>()
            signal = come
            sources = [SIGTERM, SIGINT].map { number in
                Foundation.signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number)
                source.setEventHandler {
                    if !come.set(number) { exit(128 + number) }
                }
                source.resume()
                return source
            }
        }
    }
#endif
