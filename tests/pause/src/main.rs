//! Does nothing until it is killed: the namespaces of a pod live as long as this does.

fn main() {
    loop {
        std::thread::park();
    }
}
