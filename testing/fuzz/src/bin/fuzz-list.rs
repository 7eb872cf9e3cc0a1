//! Prints the names of all fuzz targets, one a line.

fn main() {
    for target in fuzz::TARGETS {
        println!("{}", target.name);
    }
}
