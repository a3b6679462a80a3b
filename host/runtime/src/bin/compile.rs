//! The compiling child by itself: the server has it as a hidden subcommand, tests run this.

fn main() {
    std::process::exit(yunlong_runtime::compile_child_main(std::env::args().skip(1)));
}
