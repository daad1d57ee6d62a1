//! The command `rgflow`.

fn main() {}
