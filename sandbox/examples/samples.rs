//! Prints the table of sample people, which `docs/sample-people.csv` holds.

fn main() {
    print!("{}", bluegate_sandbox::samples::csv());
}
