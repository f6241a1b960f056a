#if !Macros
    @main
    struct Program {
        static func main() { print("Build it with the trait Macros: swift run --traits Macros till") }
    }
#endif
