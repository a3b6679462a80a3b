//! The compiling child, for this crate's tests; the server has it as a hidden subcommand.

fn main() {
    std::process::exit(yunlong_runtime::compile_child_main(std::env::args().skip(1)));
}
